/** Checks of what callers of the public functions pass: programs without types make mistakes that types would show. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";
import { isPlainPrototype } from "./kinds/prototypes.ts";
import { unseenIn } from "./kinds/unseen.ts";
import type { BuildLimits } from "./limits.ts";

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

/** Throws for what is not a plain object with string keys alone. */
export function requireDict(dict: unknown, what: string): void {
  const expected = "a plain object of names and leaves";
  if (typeof dict !== "object" || dict === null || !isPlainPrototype(Object.getPrototypeOf(dict))) {
    refuseArgument(what, expected, dict);
  }
  const found = unseenIn(dict);
  if (found === undefined) return;
  throw new Pytree2SafetensorsError("InvalidArgument", `${what}: expected ${expected}, found ${found}`, {
    expected,
    found,
  });
}
