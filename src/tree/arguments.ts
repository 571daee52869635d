/** Checks of what callers of the public functions pass: programs without types make mistakes that types would show. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";
import type { BuildLimits } from "./limits.ts";
import type { WalkOptions } from "./walk.ts";

/** Throws `InvalidArgument`. */
export function refuseArgument(what: string, expected: string, value: unknown): never {
  const found = describeValue(value);
  throw new Pytree2SafetensorsError("InvalidArgument", `${what}: expected ${expected}, found ${found}`, {
    expected,
    found,
  });
}

/** Throws for options that are not an object. */
export function requireOptions(options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    refuseArgument("options", "an object", options);
  }
}

/** Throws for an option that is none of its values. */
export function requireChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value as string)) return;
  refuseArgument(name, choices.map((choice) => `"${choice}"`).join(" or "), value);
}

/** Throws for what is not a function, unless it may be left out and is. */
export function requireFunction(name: string, value: unknown, optional = false): void {
  if (typeof value === "function" || (optional && value === undefined)) return;
  refuseArgument(name, "a function", value);
}

/** Throws for limits that are not counts; `Infinity` is no limit. */
export function requireLimits(limits: BuildLimits): void {
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined || value === Number.POSITIVE_INFINITY) continue;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
      refuseArgument(name, "a count", value);
    }
  }
}

/** Throws for options that no walk of a tree can use. */
export function requireWalkOptions(options: WalkOptions & BuildLimits): void {
  requireOptions(options);
  const { isLeaf, takeLeaf, maxDepth, maxGaps, maxContainers } = options;
  requireFunction("isLeaf", isLeaf, true);
  requireFunction("takeLeaf", takeLeaf, true);
  requireLimits({ maxDepth, maxGaps, maxContainers });
}

/** Throws for what is not a key path. */
export function requireKeyPath(path: unknown): void {
  if (!Array.isArray(path)) refuseArgument("key path", "an array of key entries", path);
  const entry = path.findIndex((one: unknown) => typeof one !== "object" || one === null);
  if (entry !== -1) refuseArgument(`entry ${entry} of the key path`, "a key entry", path[entry]);
}
