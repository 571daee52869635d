/** Checks of what callers pass, programs without types among them: one table of options, one error. */
import { Pytree2SafetensorsError } from "./errors.ts";
import { isPlainPrototype, symbolKeyOf } from "./prototypes.ts";
import { describeValue, printable, quote } from "./quote.ts";

/** The error of an argument that can't be used. */
export function invalidArgument(
  what: string,
  expected: string,
  value: unknown,
  found: string = describeValue(value),
): Pytree2SafetensorsError {
  const message = `${what} must be ${expected}, not ${found}`;
  return new Pytree2SafetensorsError("InvalidArgument", message, { expected, found });
}

/**
 * Refuses what isn't a plain dict: the entries of a `Map`, a list or a tensor are not its properties, and properties
 * under symbols have no name that a file could have.
 */
export function requireDict(what: string, value: unknown): asserts value is Record<string, unknown> {
  if (!(isObject(value) && isPlainPrototype(Object.getPrototypeOf(value)))) {
    throw invalidArgument(what, "a plain object", value);
  }
  const symbol = symbolKeyOf(value);
  if (symbol === undefined) return;
  throw invalidArgument(
    `each key of ${what}`,
    "a string",
    symbol,
    `the key ${printable(String(symbol), 80)}`,
  );
}

/** Refuses a word that an option doesn't know: taken for another one, it would do something else in silence. */
export function requireChoice(option: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value as string)) return;
  throw invalidArgument(option, `one of ${choices.map((choice) => quote(choice)).join(", ")}`, value);
}

/** Refuses what is not a function. */
export function requireFunction(what: string, value: unknown): void {
  if (!isFunction(value)) throw invalidArgument(what, "a function", value);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isFunction = (value: unknown) => typeof value === "function";
const isString = (value: unknown) => typeof value === "string";
const has = (value: unknown, ...methods: readonly string[]) =>
  isObject(value) && methods.every((method) => isFunction((value as Record<string, unknown>)[method]));

function isHeaders(value: unknown): boolean {
  try {
    new Headers(value as HeadersInit);
    return isObject(value) && !Array.isArray(value);
  } catch {
    return false;
  }
}

// Every option whose values are the same wherever it occurs. An option of another meaning is checked where it is used.
type Check = readonly [options: string, expected: string, accepts: (value: unknown) => boolean];

const ALL_CHECKS: readonly Check[] = [
  ["bound fetch isLeaf onDownload onProgress onReport onWarning shards takeLeaf", "a function", isFunction],
  [
    "aliases allowShapeMismatch flush lazy lossy ordered snapshot strict withMetadata",
    "true or false",
    (value) => typeof value === "boolean",
  ],
  [
    "maxContainers maxDepth maxGaps retries",
    "a whole number from 0 up",
    (value) => (Number.isInteger(value) ? (value as number) >= 0 : value === Number.POSITIVE_INFINITY),
  ],
  ["timeout", "a number above 0", (value) => typeof value === "number" && value > 0],
  ["signal", "an AbortSignal", (value) => has(value, "throwIfAborted", "addEventListener")],
  ["headers", "an object of strings that can be sent, or Headers", isHeaders],
  ["arrays", "an ArrayAdapter", (value) => has(value, "is", "describe", "read", "make")],
  [
    "keys",
    "the name of a key style, or a KeyStyle",
    (value) => isString(value) || has(value, "encode", "decode"),
  ],
  [
    "select",
    "a key string, a list of key strings, or a function",
    (value) => isString(value) || isFunction(value) || (Array.isArray(value) && value.every(isString)),
  ],
];

const CHECKS = new Map(ALL_CHECKS.flatMap((check) => check[0].split(" ").map((name) => [name, check])));

/** Whether a value can be an object of options at all. */
export function isOptions(value: unknown): value is object {
  return isObject(value) && !(Symbol.iterator in value);
}

/**
 * Checks an object of options: what is there is of the right kind.
 *
 * @throws `InvalidArgument` that names the option, what it must be, and what it is.
 */
export function requireOptions(options: unknown): void {
  if (!isOptions(options)) throw invalidArgument("options", "an object", options);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const check = CHECKS.get(name);
    if (check === undefined || check[2](value)) continue;
    // What is in headers may be a secret.
    const isSecret = name === "headers" && isString(value);
    throw invalidArgument(name, check[1], value, isSecret ? "a string" : undefined);
  }
}
