/** Errors about keys and depth that several functions of trees throw. */
import { type ErrorCode, type ErrorDetails, Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue, printable, quote } from "../base/quote.ts";
import { equalEntries, type KeyEntry, type KeyPath } from "./keys/keypath.ts";
import { keystr } from "./keys/keystr.ts";

/** Where a limit is passed: at the name of a tensor, at a key path, or else in the structure metadata. */
type Where = string | KeyPath | undefined;

/** The error for a path that is deeper than the limit. */
export function tooDeep(maxDepth: number, where: string | KeyPath): Pytree2SafetensorsError {
  const text = quote(typeof where === "string" ? where : keystr(where));
  const message = () => `${text} is deeper than ${maxDepth} levels; raise maxDepth if that is intended`;
  return limitError("DepthLimit", where, message, { expected: `at most ${maxDepth} levels` });
}

/** The error for a tree with more containers than the limit. */
export function tooManyContainers(max: number, tensors: number, where: Where): Pytree2SafetensorsError {
  const message = (place: string) =>
    `${place}: the tree has more than ${max} containers for ${tensors} tensors; raise maxContainers if that is intended`;
  return limitError("DepthLimit", where, message, { expected: `at most ${max} containers` });
}

/** The error for lists with more places that nothing fills than the limit. */
export function tooManyGaps(
  max: number,
  gaps: number,
  where: Where,
  length: number,
): Pytree2SafetensorsError {
  const message = (place: string) =>
    `${place}: a list of ${length} would bring the list elements filled with null to ${gaps}; at most ${max} are allowed (maxGaps)`;
  return limitError("GapLimit", where, message, { expected: `at most ${max} gaps`, found: `${gaps} gaps` });
}

function limitError(
  code: ErrorCode,
  where: Where,
  message: (place: string) => string,
  details: ErrorDetails,
): Pytree2SafetensorsError {
  if (typeof where === "object") return errorAt(code, where, message, details);
  if (where === undefined) return new Pytree2SafetensorsError(code, message("structure metadata"), details);
  return new Pytree2SafetensorsError(code, message(quote(where)), { tensor: where, ...details });
}

/** An error at a place of a tree, which `message` gets as messages call it. */
export function errorAt(
  code: ErrorCode,
  path: KeyPath,
  message: (place: string) => string,
  details: ErrorDetails = {},
): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(code, message(placeOf(path)), { keyPath: keystr(path), ...details });
}

/** Throws the error for an entry that key strings can't spell, found under `parent`. */
export function unsupportedKey(parent: KeyPath, entry: unknown): never {
  const found = nameOfClass(entry);
  const expected = "GetAttrKey, DictKey or SequenceKey";
  const wayOut = `register the class with flattenWithKeys that gives ${expected}`;
  const message = (place: string) => `${found} under ${place} has no key string: ${wayOut}`;
  throw errorAt("UnsupportedKey", parent, message, { expected, found });
}

/** Throws `StructureMismatch` for structure metadata that the tensors of its file contradict. */
export function disagree(path: KeyPath, expected: string, found: string): never {
  const message = (place: string) =>
    `structure metadata does not fit the tensors at ${place}: expected ${expected}, found ${found} (was the file edited?)`;
  throw errorAt("StructureMismatch", path, message, { expected, found });
}

/** How messages call two places of a tree: with the types of their keys, where those are all that differs. */
export function placesOf(a: KeyPath, b: KeyPath): [string, string] {
  const [x, y] = [placeOf(a), placeOf(b)];
  const i = a.findIndex((entry, at) => b[at] === undefined || !equalEntries(entry, b[at]));
  if (x !== y || i === -1) return [x, y];
  return [`${x} (${typeOfEntry(a[i]!)})`, `${y} (${typeOfEntry(b[i])})`];
}

function typeOfEntry(entry: KeyEntry | undefined): string {
  if (entry?.kind === "dict") return `a ${typeof entry.key} as a dict key`;
  return entry?.kind === "sequence" ? "a list index" : entry?.kind === "attr" ? "an attribute" : "no key";
}

/** How messages call a place of a tree. */
export function placeOf(path: KeyPath): string {
  return printable(keystr(path), 200) || "the root";
}

/** What an unfit key is, for messages. */
export function nameOfClass(entry: unknown): string {
  const name: unknown = typeof entry === "object" && entry !== null ? entry.constructor?.name : undefined;
  return typeof name === "string" ? printable(name, 80) : describeValue(entry);
}
