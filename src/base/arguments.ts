/** Checks of what public functions are given: programs without types pass anything. */
import { Pytree2SafetensorsError } from "./errors.ts";
import { describeValue } from "./quote.ts";

/** The error for an argument or option of the wrong kind: `select must be a string, not a Set`. */
export function invalidArgument(what: string, expected: string, value: unknown): Pytree2SafetensorsError {
  const found = describeValue(value);
  return new Pytree2SafetensorsError("InvalidArgument", `${what} must be ${expected}, not ${found}`, {
    expected,
    found,
  });
}

/** Refuses options that are not a plain object: from `null`, a list or a word, every option would read as absent. */
export function requireOptions(options: unknown): void {
  if (typeof options === "object" && options !== null && !(Symbol.iterator in options)) return;
  throw invalidArgument("options", "an object", options);
}

/** Refuses a limit that nothing exceeds, `NaN`, or that everything does; `undefined` stands for the default. */
export function requireLimit(option: string, limit: unknown): void {
  if (limit === undefined || (typeof limit === "number" && limit >= 0)) return;
  throw invalidArgument(option, "a number from 0 up", limit);
}

/** Refuses what is not a plain dictionary: the entries of a `Map`, a list or a tensor are not its properties. */
export function requireDict(what: string, value: unknown): asserts value is Record<string, unknown> {
  if (typeof value === "object" && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    // A plain object of another realm has a prototype without a prototype.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return;
  }
  throw invalidArgument(what, "a plain object", value);
}
