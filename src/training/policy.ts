// When to save, and which steps to keep: pure rules over values, no store and no clock of their own.
import { invalidArgument, requireFunction } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";

/** The metrics of a step, by name. NaN and infinities are allowed. */
export type Metrics = Readonly<Record<string, number>>;

/** Keeps the steps with the best values of a metric. */
export interface BestRule {
  /** The metric's name. A step without it, or with NaN, is never among the best. */
  readonly metric: string;
  /** Whether the largest or the smallest values are the best. */
  readonly mode: "max" | "min";
  /** How many steps to keep; 1 by default. If two steps have equal values, the later one is better. */
  readonly count?: number;
}

/** Which steps to keep. A step stays if any rule keeps it. The newest always stays. */
export interface KeepRules<Step extends KeptStep = KeptStep> {
  /** Keeps this many of the newest steps. */
  readonly last?: number;
  /** Keeps steps that are multiples of this number. */
  readonly every?: number;
  /** Keeps the steps with the best values of a metric. */
  readonly best?: BestRule;
  /** Keeps steps saved at or after this date, or within the last so many seconds. */
  readonly since?: Date | { readonly seconds: number };
  /** Keeps steps for which this returns true. */
  readonly when?: (step: Step) => boolean;
}

/** A step, as rules see it. */
export interface KeptStep {
  /** The step's number. */
  readonly step: number;
  /** The metrics it was saved with. */
  readonly metrics: Metrics;
  /** When it was saved. */
  readonly time: Date;
}

/** What your own `saveEvery` function receives. */
export interface SaveContext {
  /** The metrics of this step. */
  readonly metrics: Metrics;
  /** The newest step that was saved or is being saved; `undefined` if there is none. */
  readonly latest: number | undefined;
  /** The seconds since the last save began, or since the manager was opened. */
  readonly seconds: number;
}

/** When to save a step: at multiples of a number, after a number of seconds, or when a function returns true. */
export type SaveEvery =
  | number
  | { readonly seconds: number }
  | ((step: number, context: SaveContext) => boolean);

/** Whether a step is to be saved. */
export function isDue(saveEvery: SaveEvery, step: number, context: SaveContext): boolean {
  if (typeof saveEvery === "number") return step % saveEvery === 0;
  if (typeof saveEvery === "function") return saveEvery(step, context);
  return context.seconds >= saveEvery.seconds;
}

/**
 * Returns the steps that the rules keep. Without a rule, all steps stay.
 *
 * @param now The time in milliseconds since 1970, for `since`.
 * @example
 * ```ts
 * const kept = stepsToKeep(await manager.steps(), { last: 3, every: 1000 }, Date.now());
 * ```
 */
export function stepsToKeep<Step extends KeptStep>(
  steps: readonly Step[],
  rules: KeepRules<Step>,
  now: number,
): ReadonlySet<number> {
  const ordered = [...steps].sort((a, b) => a.step - b.step);
  const { last, every, best, since, when } = rules;
  const wanted: Step[] = ordered.slice(-1);
  if ([last, every, best, since, when].every((rule) => rule === undefined)) wanted.push(...ordered);
  if (last) wanted.push(...ordered.slice(-last));
  if (every !== undefined) wanted.push(...ordered.filter(({ step }) => step % every === 0));
  if (best !== undefined) wanted.push(...rank(ordered, best).slice(0, best.count ?? 1));
  if (since !== undefined) {
    const from = since instanceof Date ? since.getTime() : now - since.seconds * 1000;
    wanted.push(...ordered.filter(({ time }) => time.getTime() >= from));
  }
  if (when !== undefined) wanted.push(...ordered.filter(when));
  return new Set(wanted.map(({ step }) => step));
}

/** The steps that have the metric, the best one first. */
export function rank<Step extends KeptStep>(
  steps: readonly Step[],
  { metric, mode }: Pick<BestRule, "metric" | "mode">,
): Step[] {
  const sign = mode === "max" ? 1 : -1;
  const scoreOf = ({ metrics }: Step) =>
    Object.hasOwn(metrics, metric) ? sign * metrics[metric]! : Number.NaN;
  // Compared, not subtracted: the difference of two infinities is NaN.
  return steps
    .filter((step) => !Number.isNaN(scoreOf(step)))
    .sort((a, b) => (scoreOf(a) === scoreOf(b) ? b.step - a.step : scoreOf(a) < scoreOf(b) ? 1 : -1));
}

/** Refuses rules that say nothing sensible: taken at their word they would delete what was to be kept. */
export function checkRules(saveEvery: SaveEvery, keep: KeepRules<never>): void {
  if (typeof saveEvery === "number") requirePositive("saveEvery", saveEvery);
  else if (typeof saveEvery === "object" && saveEvery !== null)
    requireSeconds("saveEvery.seconds", saveEvery.seconds);
  else if (typeof saveEvery !== "function")
    throw invalidArgument("saveEvery", "a number of steps, { seconds } or a function", saveEvery);
  const known = ["last", "every", "best", "since", "when"];
  const unknown = Object.keys(keep).find((rule) => !known.includes(rule));
  if (unknown !== undefined) {
    const message = `keep has no rule ${quote(unknown)}; the rules are ${known.join(", ")}`;
    throw new Pytree2SafetensorsError("InvalidArgument", message, { found: unknown });
  }
  const { last, every, best, since, when } = keep;
  if (last !== undefined) requirePositive("keep.last", last);
  if (every !== undefined) requirePositive("keep.every", every);
  if (since !== undefined && !isDate(since)) requireSeconds("keep.since.seconds", since?.seconds);
  if (when !== undefined) requireFunction("keep.when", when);
  if (best !== undefined) checkBest(best);
}

/** Refuses a rule that says nothing sensible. */
export function checkBest({ metric, mode, count = 1 }: BestRule): void {
  if (typeof metric !== "string") throw invalidArgument("keep.best.metric", "the name of a metric", metric);
  if (mode !== "max" && mode !== "min") throw invalidArgument("keep.best.mode", '"max" or "min"', mode);
  requirePositive("keep.best.count", count);
}

function isDate(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

function requirePositive(option: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw invalidArgument(option, "an integer of 1 or more", value);
}

function requireSeconds(option: string, value: unknown): void {
  if (typeof value !== "number" || !(value >= 0)) throw invalidArgument(option, "a number of seconds", value);
}
