// Which step a restore means, and how it is loaded.
import { requireChoice } from "../base/arguments.ts";
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { loadIntoPytree } from "../checkpoint/load-into-pytree.ts";
import { loadPytree } from "../checkpoint/load-pytree.ts";
import { warn } from "../checkpoint/options.ts";
import { cachedStore } from "../io/cached.ts";
import type { Store } from "../io/types.ts";
import { named } from "./failures.ts";
import { type CheckpointManagerOptions, defined, type RestoreOptions } from "./options.ts";
import { openStep, type StepEntry } from "./step-files.ts";
import { requireStep } from "./step-names.ts";
import type { FoundStep, StepReader } from "./step-reader.ts";

/**
 * The step that a restore means.
 *
 * @param best The number of the best step, asked for if the restore means it.
 */
export async function chooseStep(
  reader: StepReader,
  best: () => Promise<number | undefined>,
  { step = "latest", onBroken, onWarning }: Pick<RestoreOptions, "step" | "onBroken" | "onWarning">,
): Promise<FoundStep> {
  requireChoice("onBroken", onBroken, ["throw", "skip"]);
  if (typeof step === "number") requireStep(step);
  else requireChoice("step", step, ["latest", "best"]);
  const wanted = step === "best" ? await best() : step;
  await reader.refresh();
  const numbers = reader.numbers();
  const candidates = wanted === "latest" ? [...numbers].reverse() : numbers.filter((one) => one === wanted);
  for (const candidate of candidates) {
    const found = await reader.read(candidate);
    if (found === undefined) continue; // not a manager's, or removed by the one that writes here
    const { error } = found.info;
    if (error === undefined) return found;
    if (wanted !== "latest") throw error;
    if (onBroken !== "skip") throw withWayOut(error);
    warn(defined({ onWarning }), error);
  }
  const { where } = reader;
  const there = numbers.length === 0 ? "no step" : `only ${listed(numbers)}`;
  throw new Pytree2SafetensorsError(
    "StepNotFound",
    `${where} has ${there}, so ${typeof step === "number" ? `step ${step}` : `the ${step} step`} can't be restored`,
    { source: where, expected: `step ${step}`, found: there },
  );
}

/** Loads a step, into a template if there is one. */
export async function loadStep<A>(
  store: Store,
  entry: StepEntry,
  options: RestoreOptions<A>,
  defaults: CheckpointManagerOptions<A>,
): Promise<unknown> {
  const { arrays, attributes, match, keys, isLeaf, objects, maxDepth, onWarning } = defaults;
  const shared = defined({ arrays, attributes, match, keys, isLeaf, objects, maxDepth, onWarning });
  const { step: _step, onBroken: _onBroken, cached, ...loading } = options;
  const { into, strict = true, lazy = false, ...others } = loading;
  const own = defined(others);
  const place = cached === undefined ? store : await cachedStore(store, cached);
  const file = await openStep(place, entry, { ...shared, ...own });
  let staysOpen = false;
  try {
    if (into !== undefined) return await loadIntoPytree(into, file, { ...shared, ...own, strict });
    const tree = await loadPytree(file, { ...shared, ...own, lazy });
    staysOpen = lazy;
    return tree;
  } catch (error) {
    throw isPytree2SafetensorsError(error) ? named(error, entry.step) : error;
  } finally {
    if (!staysOpen) await file.close();
  }
}

function withWayOut(error: Pytree2SafetensorsError): Pytree2SafetensorsError {
  const { code, message, source, cause } = error;
  const wayOut = 'restore({ onBroken: "skip" }) takes the one before it';
  return new Pytree2SafetensorsError(code, `${message}; ${wayOut}`, { ...defined({ source }), cause });
}

/** The first and the last of many. */
function listed(steps: readonly number[]): string {
  if (steps.length === 1) return `step ${steps[0]}`;
  if (steps.length <= 4) return `steps ${steps.join(", ")}`;
  return `the ${steps.length} steps ${steps[0]}, ${steps[1]}, … ${steps.at(-1)}`;
}
