/** Checks of what callers pass, programs without types among them: one table of options, one error. */
import { Pytree2SafetensorsError } from "./errors.ts";
import { describeValue, quote } from "./quote.ts";

/** The error of an argument that can't be used. */
export function invalidArgument(what: string, expected: string, value: unknown): Pytree2SafetensorsError {
  const found = describeValue(value);
  return new Pytree2SafetensorsError("InvalidArgument", `${what} must be ${expected}, not ${found}`, {
    expected,
    found,
  });
}

/** Refuses a limit that nothing exceeds, such as `NaN`, or that everything does. `undefined` stands for the default. */
export function requireLimit(option: string, limit: unknown): void {
  if (limit !== undefined && !LIMIT.accepts(limit)) throw invalidArgument(option, LIMIT.expected, limit);
}

/**
 * Refuses what isn't a plain dict: the entries of a `Map`, a list or a tensor are not its properties, and properties
 * under symbols have no name that a file could have.
 */
export function requireDict(what: string, value: unknown): asserts value is Record<string, unknown> {
  const prototype: object | null | undefined =
    typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  // A plain object of another realm has a prototype without a prototype.
  const isPlain =
    prototype === null || (prototype !== undefined && Object.getPrototypeOf(prototype) === null);
  if (!isPlain || value instanceof Map) throw invalidArgument(what, "a plain object", value);
  const symbol = Object.getOwnPropertySymbols(value).find((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  );
  if (symbol !== undefined) throw invalidArgument(`each key of ${what}`, "a string", symbol);
}

/** Refuses a word that an option doesn't know: taken for another one, it would do something else in silence. */
export function requireChoice(option: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value as string)) return;
  throw invalidArgument(option, `one of ${choices.map((choice) => quote(choice)).join(", ")}`, value);
}

interface Check {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const isFunction = (value: unknown) => typeof value === "function";
const FUNCTION: Check = { expected: "a function", accepts: isFunction };
const BOOLEAN: Check = { expected: "true or false", accepts: (value) => typeof value === "boolean" };
const LIMIT: Check = {
  expected: "a number from 0 up",
  accepts: (value) => typeof value === "number" && value >= 0,
};

function has(value: unknown, ...methods: readonly string[]): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    methods.every((method) => isFunction((value as Record<string, unknown>)[method]))
  );
}

// Every option whose values are the same wherever it occurs. An option of another meaning is checked where it is used.
const CHECKS: Readonly<Record<string, Check>> = {
  signal: {
    expected: "an AbortSignal",
    accepts: (value) => has(value, "throwIfAborted", "addEventListener"),
  },
  arrays: { expected: "an ArrayAdapter", accepts: (value) => has(value, "is", "describe", "read", "make") },
  keys: {
    expected: "the name of a key style, or a KeyStyle",
    accepts: (value) => typeof value === "string" || has(value, "encode", "decode"),
  },
  select: {
    expected: "a key string, a list of key strings, or a function",
    accepts: (value) =>
      typeof value === "string" ||
      isFunction(value) ||
      (Array.isArray(value) && value.every((item) => typeof item === "string")),
  },
  fetch: FUNCTION,
  isLeaf: FUNCTION,
  onProgress: FUNCTION,
  onReport: FUNCTION,
  onWarning: FUNCTION,
  shards: FUNCTION,
  allowShapeMismatch: BOOLEAN,
  flush: BOOLEAN,
  lazy: BOOLEAN,
  lossy: BOOLEAN,
  ordered: BOOLEAN,
  snapshot: BOOLEAN,
  strict: BOOLEAN,
  withMetadata: BOOLEAN,
  maxContainers: LIMIT,
  maxDepth: LIMIT,
  maxGaps: LIMIT,
  retries: LIMIT,
  timeout: LIMIT,
};

/**
 * Checks an object of options: what is there is of the right kind.
 *
 * @throws `InvalidArgument` that names the option, what it must be, and what it is.
 */
export function requireOptions(options: unknown): void {
  if (typeof options !== "object" || options === null || Symbol.iterator in options) {
    throw invalidArgument("options", "an object", options);
  }
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || !Object.hasOwn(CHECKS, option)) continue;
    const { accepts, expected } = CHECKS[option]!;
    if (!accepts(value)) throw invalidArgument(option, expected, value);
  }
}
