/** Values, keys and paths as the JSON of structure metadata. */
import { setOwn } from "../../base/dict.ts";
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { isPlainArray, isPlainPrototype } from "../../base/prototypes.ts";
import { describeValue, printable } from "../../base/quote.ts";
import { type DictKeyValue, entryOf, type KeyEntry, type KeyPath, keyOf, markOf } from "../keys/keypath.ts";
import { canonicalIndex } from "../keys/keystring.ts";
import { unseenIn } from "../kinds/unseen.ts";
import { MAX_BIGINT_DIGITS, MAX_DEPTH } from "../limits.ts";
import { errorAt, unsupportedKey } from "../messages.ts";

/** JSON as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

// Objects of one of these keys alone stand for what JSON lacks; `object` is an object that looks like one.
const TAGS = ["number", "bigint", "object"];

/**
 * A static value as JSON: `{"number":"NaN"}` and `{"bigint":"1"}` stand for what JSON can't spell. Properties that are
 * `undefined` are left out.
 *
 * @throws `UnsupportedLeaf` with the place in the value for what is not JSON.
 */
export function encodeValue(value: unknown, place: () => string, depth = 0): Json {
  if (depth > MAX_DEPTH) refuse(place(), "a value nested that deep, or in itself");
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") {
    return encodeNumber(value, (found) => refuse(place(), found));
  }
  if (typeof value !== "object") refuse(place(), describeValue(value));
  const unseen = unseenIn(value);
  if (unseen !== undefined) refuse(place(), unseen);
  if (isPlainArray(value)) {
    return Array.from(value, (item, i) => encodeValue(item, () => `${place()}[${i}]`, depth + 1));
  }
  if (!isPlainPrototype(Object.getPrototypeOf(value))) refuse(place(), describeValue(value));
  const object: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const json = encodeValue(item, () => `${place()}.${key}`, depth + 1);
    setOwn(object, key, json);
  }
  return tagOf(object) === undefined ? object : { object };
}

const BIGINT = new RegExp(`^-?\\d{1,${MAX_BIGINT_DIGITS}}$`);

function encodeNumber(value: number | bigint, refuse: (found: string) => never): Json {
  if (typeof value === "bigint") {
    const bigint = String(value);
    return BIGINT.test(bigint) ? { bigint } : refuse(`a bigint of more than ${MAX_BIGINT_DIGITS} digits`);
  }
  if (Object.is(value, -0)) return { number: "-0" };
  return Number.isFinite(value) ? value : { number: String(value) };
}

function refuse(place: string, found: string): never {
  const message = `${printable(place, 200)} is static and must be JSON, found ${found}: make it a data field, leave it out, or register the class without a name`;
  throw new Pytree2SafetensorsError("UnsupportedLeaf", message, { keyPath: place, expected: "JSON", found });
}

function tagOf(object: { readonly [key: string]: Json }): string | undefined {
  const keys = Object.keys(object);
  return keys.length === 1 && TAGS.includes(keys[0]!) ? keys[0] : undefined;
}

/** The inverse of {@link encodeValue}; throws `InvalidStructure` for what it does not write. */
export function decodeValue(json: Json, depth = 0): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (depth > MAX_DEPTH) invalidStructure("a value is nested too deep");
  if (isList(json)) return json.map((item) => decodeValue(item, depth + 1));
  const tag = tagOf(json);
  if (tag === "number" || tag === "bigint") return decodeNumber(tag, json[tag]);
  const source = tag === "object" ? json[tag] : json;
  if (!isObject(source)) invalidStructure("a tagged object is not an object");
  const object: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(source)) setOwn(object, key, decodeValue(item, depth + 1));
  return object;
}

const NUMBERS: ReadonlyMap<Json | undefined, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

function decodeNumber(tag: "number" | "bigint", json: Json | undefined): number | bigint {
  if (tag === "number") return NUMBERS.get(json) ?? invalidStructure("a number is misspelled");
  if (typeof json !== "string" || !BIGINT.test(json)) invalidStructure("a bigint is misspelled");
  return BigInt(json);
}

/** A key path as JSON: `[[".","layers"],["#",0],["@","w"]]`. */
export function encodePath(path: KeyPath): Json {
  return path.map((entry, i) => encodeEntry(entry, path, i));
}

/** An entry of a key path as JSON. Messages say that it stands under the first `depth` entries of `path`. */
export function encodeEntry(entry: KeyEntry, path: KeyPath, depth = path.length): Json {
  const mark = markOf(entry) ?? unsupportedKey(path.slice(0, depth), entry);
  return [mark, encodeKey(keyOf(entry), path, depth)];
}

/** The key of a dict as JSON. Throws `UnsupportedKey` for a bigint that no reader takes. */
export function encodeKey(key: DictKeyValue, path: KeyPath, depth = path.length): Json {
  if (typeof key !== "number" && typeof key !== "bigint") return key;
  return encodeNumber(key, (found) => {
    const message = (place: string) =>
      `a key under ${place} is ${found}, which structure metadata can't hold: use a string`;
    const expected = `at most ${MAX_BIGINT_DIGITS} digits`;
    throw errorAt("UnsupportedKey", path.slice(0, depth), message, { expected, found });
  });
}

/** The inverse of {@link encodePath}. */
export function decodePath(json: Json | undefined, maxDepth: number): KeyEntry[] {
  if (!isList(json)) invalidStructure("a path is not a list");
  if (json.length > maxDepth) invalidStructure(`a path is deeper than ${maxDepth} levels`);
  return json.map(decodeEntry);
}

/** The inverse of {@link encodeEntry}. */
export function decodeEntry(json: Json): KeyEntry {
  if (!isList(json) || json.length !== 2) invalidStructure("an entry of a path is not a pair");
  const [mark, key] = json as [Json, Json];
  if (mark === "@") return entryOf("@", decodeKey(key));
  if (mark === "." && typeof key === "string") return entryOf(".", key);
  if (mark === "#" && typeof key === "number" && canonicalIndex(String(key)) !== undefined) {
    return entryOf("#", key);
  }
  return invalidStructure("an entry of a path is misspelled");
}

/** The inverse of {@link encodeKey}. */
export function decodeKey(json: Json): DictKeyValue {
  const key = decodeValue(json, MAX_DEPTH);
  if (typeof key === "object" || key === undefined)
    invalidStructure("a key is not a string, number or boolean");
  return key as DictKeyValue;
}

/** Whether JSON is an array. */
export function isList(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json);
}

/** Whether JSON is an object. */
export function isObject(json: Json | undefined): json is { readonly [key: string]: Json } {
  return typeof json === "object" && json !== null && !isList(json);
}

/** Throws `InvalidStructure`. */
export function invalidStructure(what: string, cause?: unknown): never {
  throw new Pytree2SafetensorsError("InvalidStructure", `structure metadata: ${what}`, {
    found: what,
    cause,
  });
}
