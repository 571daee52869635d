/** What a container carries that no walk looks at: it would get lost without a word, so it is an error. */
import { symbolKeyOf } from "../../base/prototypes.ts";
import { printable } from "../../base/quote.ts";
import type { KeyPath } from "../keys/keypath.ts";
import { canonicalIndex } from "../keys/keystring.ts";
import { errorAt } from "../messages.ts";

/** What no walk looks at in a plain object, an array or a `Map`: a symbol key, a named property. */
export function unseenIn(value: object): string | undefined {
  const symbol = symbolKeyOf(value);
  if (symbol !== undefined) return `the key ${printable(String(symbol), 80)}`;
  if (!Array.isArray(value) && !(value instanceof Map)) return undefined;
  // Names come behind indices.
  const last = Object.keys(value).at(-1);
  if (last === undefined || (Array.isArray(value) && canonicalIndex(last) !== undefined)) return undefined;
  return `the property ${printable(last, 80)}`;
}

/** Throws `UnsupportedKey` for it. */
export function refuseUnseen(value: object, pathOf: () => KeyPath): void {
  const found = unseenIn(value);
  if (found === undefined) return;
  const message = (place: string) =>
    `${place} has ${found}, which no key string can spell: use a string key of a plain object, make it a leaf with isLeaf, or register a class`;
  const expected = "string keys, and elements of arrays and Maps";
  throw errorAt("UnsupportedKey", pathOf(), message, { expected, found });
}
