// What the file of a training step says of itself, as CheckpointManager writes it into the metadata strings.

const METRICS_KEY = "pytree2safetensors.metrics";
const TIME_KEY = "pytree2safetensors.time";

/** Metrics and time of a step; a file by another program has neither. */
export interface StepInfo {
  readonly metrics: ReadonlyMap<string, number>;
  readonly time: Date | undefined;
}

/** Reads the metadata strings; what is not as a manager writes it is left out. */
export function stepInfoOf(metadata: Readonly<Record<string, string>>): StepInfo {
  const text = Object.hasOwn(metadata, TIME_KEY) ? metadata[TIME_KEY]! : "";
  const time = new Date(text);
  return { metrics: metricsOf(metadata), time: Number.isNaN(time.getTime()) ? undefined : time };
}

function metricsOf(metadata: Readonly<Record<string, string>>): ReadonlyMap<string, number> {
  if (!Object.hasOwn(metadata, METRICS_KEY)) return new Map();
  try {
    const parsed: unknown = JSON.parse(metadata[METRICS_KEY]!);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return new Map();
    // NaN and infinities stand in JSON as strings.
    const entries = Object.entries(parsed).map(([name, value]) => [name, Number(value)] as const);
    return new Map(entries);
  } catch {
    return new Map();
  }
}
