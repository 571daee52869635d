/** Errors about keys and depth that several functions of trees throw. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue, printable, quote } from "../base/quote.ts";
import { equalEntries, type KeyEntry, type KeyPath } from "./keys/keypath.ts";
import { keystr } from "./keys/keystr.ts";

/** The error for a path that is deeper than the limit, known by its key string or its key path. */
export function tooDeep(
  maxDepth: number,
  where: { readonly tensor: string } | { readonly keyPath: string },
): Pytree2SafetensorsError {
  const text = quote("tensor" in where ? where.tensor : where.keyPath);
  return new Pytree2SafetensorsError(
    "DepthLimit",
    `${text} is deeper than ${maxDepth} levels; raise maxDepth if it is meant to be`,
    { ...where, expected: `at most ${maxDepth} levels` },
  );
}

/** Where a limit is passed: at a tensor's name or a key path, or else in the structure metadata. */
type Where = { readonly tensor: string } | { readonly keyPath: string } | "" | undefined;

function spellWhere(where: Where): string {
  if (!where) return "structure metadata";
  return "tensor" in where ? quote(where.tensor) : printable(where.keyPath, 200) || "the root";
}

/** The error for a tree with more containers than the limit. */
export function tooManyContainers(max: number, tensors: number, where: Where): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(
    "DepthLimit",
    `${spellWhere(where)}: the tree has more than ${max} containers for ${tensors} tensors; raise maxContainers if it is meant to`,
    { ...(where || {}), expected: `at most ${max} containers` },
  );
}

/** The error for lists with more places that nothing fills than the limit. */
export function tooManyGaps(
  max: number,
  gaps: number,
  where: Where,
  length: number,
): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(
    "GapLimit",
    `${spellWhere(where)}: a list of ${length} makes ${gaps} places of lists that are null; at most ${max} are allowed (maxGaps)`,
    { ...(where || {}), expected: `at most ${max} gaps`, found: `${gaps} gaps` },
  );
}

/** Throws the error for an entry that key strings can't spell, found under `parent`. */
export function unsupportedKey(parent: KeyPath, entry: unknown): never {
  const keyPath = keystr(parent);
  const found = nameOfClass(entry);
  throw new Pytree2SafetensorsError(
    "UnsupportedKey",
    `${found} under ${placeOf(parent)} has no key string: register the class with flattenWithKeys that gives GetAttrKey, DictKey or SequenceKey`,
    { keyPath, expected: "GetAttrKey, DictKey or SequenceKey", found },
  );
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
