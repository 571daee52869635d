import { Pytree2SafetensorsError } from "../base/errors.ts";
import type { KeyPath } from "./keys/keypath.ts";
import { keystr } from "./keys/keystr.ts";

/** A key string or name in a message: quoted, and cut where it is long enough to drown the message. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

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
  throw new Pytree2SafetensorsError(
    "UnsupportedKey",
    `${describe(entry)} under ${keyPath || "the root"} has no key string: register the class with flattenWithKeys that gives GetAttrKey, DictKey or SequenceKey`,
    { keyPath, expected: "GetAttrKey, DictKey or SequenceKey", found: describe(entry) },
  );
}

/** Throws the error for a key of a `Map` that no file can have. */
export function unsupportedMapKey(parent: KeyPath, key: unknown): never {
  const keyPath = keystr(parent);
  throw new Pytree2SafetensorsError(
    "UnsupportedKey",
    `the Map at ${keyPath || "the root"} has a key that is ${describe(key)}: keys must be strings, numbers, bigints or booleans`,
    { keyPath, expected: "a string, number, bigint or boolean", found: describe(key) },
  );
}

function describe(entry: unknown): string {
  return typeof entry === "object" && entry !== null
    ? (entry.constructor?.name ?? "an object")
    : typeof entry;
}
