/** Errors about keys and depth that several functions of trees throw. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue, printable, quote } from "../base/quote.ts";
import type { KeyPath } from "./keys/keypath.ts";
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

/** How messages call a place of a tree. */
export function placeOf(path: KeyPath): string {
  return printable(keystr(path), 200) || "the root";
}

/** What an unfit key is, for messages. */
export function nameOfClass(entry: unknown): string {
  const name: unknown = typeof entry === "object" && entry !== null ? entry.constructor?.name : undefined;
  return typeof name === "string" ? printable(name, 80) : describeValue(entry);
}
