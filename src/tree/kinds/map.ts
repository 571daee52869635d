/** `Map`s, whose keys are dict keys of any type, in an order of their own. */
import { isPlainPrototype } from "../../base/prototypes.ts";
import { DictKey, type DictKeyValue, type KeyPath } from "../keys/keypath.ts";
import { errorAt, nameOfClass } from "../messages.ts";
import { decodeKey, encodeKey } from "../structure/value.ts";
import { UNDEFINED } from "../treedef.ts";
import { dict } from "./dict.ts";
import { pairKeys, readKeys, recordedChildren } from "./keyed.ts";
import type { Kind } from "./kind.ts";

const KEY_TYPES: ReadonlySet<string> = new Set(["string", "number", "bigint", "boolean"]);

export const map: Kind = {
  name: "map",
  mark: "@",
  // A Map of any realm, but no subclass: that one may keep more than its entries.
  recognises: (prototype) =>
    prototype === Map.prototype ||
    (prototype !== null &&
      Object.hasOwn(prototype, "forEach") &&
      isPlainPrototype(Object.getPrototypeOf(prototype)) &&
      Object.prototype.toString.call(prototype) === "[object Map]"),

  open(value, pathOf) {
    const entries = value as ReadonlyMap<DictKeyValue, unknown>;
    const keys = [...entries.keys()];
    for (const key of keys) if (!KEY_TYPES.has(typeof key)) unsupportedMapKey(pathOf(), key);
    return [{ kind: map, keys, data: undefined }, [...entries.values()]];
  },
  entry: ({ keys }, i) => new DictKey(keys![i]!),
  make: ({ keys }, children) => new Map(keys!.map((key, i) => [key, children[i]])),
  spell: (node, children) => `Map(${dict.spell(node, children)})`,
  pair: pairKeys,

  write({ node, children }, entries, writer) {
    const present = children.flatMap((child, i) => (child === UNDEFINED ? [] : [i]));
    for (const i of present) writer.child(entries[i]!, children[i]!);
    const keys = present.map((i) => encodeKey(node!.keys![i]!, writer.path));
    writer.record("map", keys);
  },
  read: (extra) => ({ kind: map, mark: "@", keys: readKeys(extra, decodeKey) }),
  build: (branch, maker) => new Map(recordedChildren(branch).map(({ key, twig }) => [key, maker.make(twig)])),
};

/** Throws the error for a key of a `Map` that no file can have. */
function unsupportedMapKey(path: KeyPath, key: unknown): never {
  const found = nameOfClass(key);
  const message = (place: string) =>
    `the Map at ${place} has a key that is ${found}: keys must be strings, numbers, bigints or booleans`;
  throw errorAt("UnsupportedKey", path, message, { expected: "a string, number, bigint or boolean", found });
}
