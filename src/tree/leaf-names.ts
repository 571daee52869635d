/** The leaves of a tree and their names: what `pytree2dict`, saving and templates have in common. */
import { requireChoice, requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { leafPath, leafPaths } from "./flatten.ts";
import type { KeyPath } from "./keys/keypath.ts";
import { KEY_STYLES, type KeyStyle, type KeyStyleOption, keyStyle } from "./keys/keystyles.ts";
import { errorAt, placesOf } from "./messages.ts";
import type { RekeyOptions } from "./rekey.ts";
import { type NamedLeaf, Walk, type WalkOptions, type WalkResults } from "./walk.ts";

/** Options of the functions that name the leaves of a tree. */
export interface NamingOptions extends WalkOptions, RekeyOptions, KeyStyleOption {}

/** Names the leaves of a tree. */
export function nameLeaves(tree: unknown, options: NamingOptions, likely?: WalkResults["likely"]) {
  const style = requireNaming(options);
  const isOwn = style === KEY_STYLES.pytree;
  const walk = new Walk(options, { def: true, names: isOwn ? options : undefined, likely });
  const def = walk.down(tree);
  const paths = isOwn ? [] : leafPaths(def, options);
  const leaves: readonly NamedLeaf[] = isOwn
    ? walk.named
    : walk.leaves.map((leaf, i) => ({ name: style.encode(paths[i]!), leaf }));
  return {
    /** The leaves with their names, in the tree's order. */
    leaves,
    /** Whether two leaves may have one name, or a name may read as another path. False is certain. */
    odd: walk.odd || !isOwn,
    startsEmpty: walk.startsEmpty,
    containers: walk.containers,
    /** The structure, with the tree's own kinds of keys. */
    def,
    /** The key path of a leaf as it is written, for messages. */
    pathOf: (leaf: number): KeyPath => leafPath(def, leaf, options),
  };
}

/** Checks options, and gives the key style that they ask for. */
export function requireNaming(options: NamingOptions): KeyStyle {
  requireOptions(options);
  requireChoice("objects", options.objects, ["dict", "attrs"]);
  return keyStyle(options.keys ?? "pytree");
}

/** Throws `DuplicateKey` with both key paths where two leaves have one name. */
export function refuseDuplicates(leaves: readonly NamedLeaf[], pathOf: (leaf: number) => KeyPath): void {
  const first = new Map<string, number>();
  for (let i = 0; i < leaves.length; i++) {
    const { name } = leaves[i]!;
    const other = first.get(name);
    if (other !== undefined) {
      const [a, b] = placesOf(pathOf(other), pathOf(i));
      const message = () => `${a} and ${b} have the same key string ${quote(name)}: rename one of them`;
      throw errorAt("DuplicateKey", pathOf(i), message, { tensor: name });
    }
    first.set(name, i);
  }
}

/** Throws `UnsupportedKey` for leaves whose path starts with an attribute of the empty name. */
export function refuseLeadingEmpty({ startsEmpty }: Pick<Walk, "startsEmpty">): void {
  if (!startsEmpty) return;
  const message =
    "the root has an attribute with an empty name, whose key string reads as another path: rename it, or save it with structure metadata";
  throw new Pytree2SafetensorsError("UnsupportedKey", message, { keyPath: "." });
}
