// What a step's file says of itself: step, metrics and time, as strings of its metadata.
import { invalidArgument } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import type { Metrics } from "./policy.ts";

/** The metadata key of the step's number, in decimal digits. */
export const STEP_KEY = "pytree2safetensors.step";
/** The metadata key of the metrics, a JSON object of numbers; NaN and infinities stand in it as strings. */
export const METRICS_KEY = "pytree2safetensors.metrics";
/** The metadata key of the time of the save, as `Date.toISOString()` writes it. */
export const TIME_KEY = "pytree2safetensors.time";

const OWN_KEYS = [STEP_KEY, METRICS_KEY, TIME_KEY];
const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** A step of a store. Only its header has been read. */
export interface StepInfo {
  /** The step's number. */
  readonly step: number;
  /** The metrics it was saved with; empty if it had none. */
  readonly metrics: Metrics;
  /** When it was saved. */
  readonly time: Date;
  /** The size of its files in bytes. */
  readonly bytes: number;
  /** The metadata strings it was saved with. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Why the step can't be read, if it can't. Metrics and metadata are then empty. */
  readonly error?: Pytree2SafetensorsError;
}

/** The strings that are written beside the user's. */
export function writeStepMetadata(
  step: number,
  metrics: Metrics,
  time: Date,
  metadata: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const own = OWN_KEYS.find((key) => Object.hasOwn(metadata, key));
  if (own !== undefined) {
    throw new Pytree2SafetensorsError(
      "InvalidMetadata",
      `the metadata key ${quote(own)} is the checkpoint manager's own; use another key`,
      { found: own },
    );
  }
  return {
    ...metadata,
    [STEP_KEY]: String(step),
    [METRICS_KEY]: writeMetrics(metrics),
    [TIME_KEY]: time.toISOString(),
  };
}

/**
 * Reads the strings that {@link writeStepMetadata} wrote.
 *
 * @returns `undefined` for a file that a manager did not write.
 * @throws `InvalidMetadata` for strings that are not as a manager writes them.
 */
export function readStepMetadata(
  metadata: Readonly<Record<string, string>>,
): Pick<StepInfo, "step" | "metrics" | "time" | "metadata"> | undefined {
  const ofStep = own(metadata, STEP_KEY);
  if (ofStep === undefined) return undefined;
  if (!/^\d{1,16}$/.test(ofStep)) throw invalid(STEP_KEY, "decimal digits", ofStep);
  const ofTime = own(metadata, TIME_KEY) ?? "";
  const time = new Date(ofTime);
  if (Number.isNaN(time.getTime())) throw invalid(TIME_KEY, "a date as toISOString() writes it", ofTime);
  const rest = Object.entries(metadata).filter(([key]) => !OWN_KEYS.includes(key));
  return {
    step: Number(ofStep),
    metrics: readMetrics(own(metadata, METRICS_KEY) ?? "{}"),
    time,
    metadata: Object.fromEntries(rest),
  };
}

/** Metrics as JSON that reads back to the very numbers. */
function writeMetrics(metrics: Metrics): string {
  if (!isObject(metrics)) throw invalidArgument("metrics", "an object of numbers", metrics);
  const entries = Object.entries(metrics).map(([name, value]: [string, unknown]) => {
    if (typeof value !== "number") throw invalidArgument(`the metric ${quote(name)}`, "a number", value);
    // JSON has no text for these, and JSON.stringify drops the sign of -0.
    const text = Object.is(value, -0) ? "-0" : String(value);
    return `${JSON.stringify(name)}:${Number.isFinite(value) ? text : JSON.stringify(text)}`;
  });
  return `{${entries.join(",")}}`;
}

function readMetrics(text: string): Metrics {
  const expected = "a JSON object of numbers";
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalid(METRICS_KEY, expected, text);
  }
  if (!isObject(parsed)) throw invalid(METRICS_KEY, expected, text);
  const metrics = Object.entries(parsed).map(([name, value]): [string, number] => {
    const number = typeof value === "string" && Object.hasOwn(SPECIAL, value) ? SPECIAL[value] : value;
    if (typeof number !== "number") throw invalid(METRICS_KEY, expected, text);
    return [name, number];
  });
  return Object.fromEntries(metrics);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(metadata: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}

function invalid(key: string, expected: string, found: string): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(
    "InvalidMetadata",
    `the metadata string ${quote(key)} must be ${expected}, found ${quote(found)}`,
    { expected, found: quote(found) },
  );
}
