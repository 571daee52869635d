/** The leaves of a tree and their names: what `pytree2dict`, saving and templates have in common. */
import { requireChoice, requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { leafPath, leafPaths } from "./flatten.ts";
import type { KeyPath } from "./keys/keypath.ts";
import { KEY_STYLES, type KeyStyleOption, keyStyle } from "./keys/keystyles.ts";
import { errorAt, placesOf } from "./messages.ts";
import type { RekeyOptions } from "./rekey.ts";
import type { TreeDef } from "./treedef.ts";
import { Walk, type WalkOptions } from "./walk.ts";

/** Options of the functions that name the leaves of a tree. */
export interface NamingOptions extends WalkOptions, RekeyOptions, KeyStyleOption {}

/** The leaves of a tree and their names, both in the tree's order. */
export interface NamedLeaves {
  readonly leaves: unknown[];
  readonly names: readonly string[];
  /** Whether two leaves may have one name, or a name may read as another path. False is certain. */
  readonly odd: boolean;
  /** Whether a leaf's path starts with an attribute of the empty name. */
  readonly startsEmpty: boolean;
  /** How many containers the tree has. */
  readonly containers: number;
  /** The structure, with the tree's own kinds of keys. */
  structure(): TreeDef;
  /** The key path of a leaf as it is written, for messages. */
  pathOf(leaf: number): KeyPath;
}

/**
 * Names the leaves of a tree.
 *
 * @param keepsDef Whether the structure will be asked for: then it is made in the same walk.
 */
export function nameLeaves(tree: unknown, options: NamingOptions, keepsDef: boolean): NamedLeaves {
  requireOptions(options);
  requireChoice("objects", options.objects, ["dict", "attrs"]);
  const style = keyStyle(options.keys ?? "pytree");
  const spelled = style === KEY_STYLES.pytree;
  const walk = new Walk(options, { def: keepsDef || !spelled, names: spelled ? options : undefined });
  const kept = walk.down(tree);
  const structure = () => {
    return keepsDef || !spelled ? kept : new Walk(options, { def: true }).down(tree);
  };
  return {
    leaves: walk.leaves,
    names: spelled ? walk.names : leafPaths(kept, options).map((path) => style.encode(path)),
    odd: walk.odd || !spelled,
    startsEmpty: walk.startsEmpty,
    containers: walk.containers,
    structure,
    pathOf: (leaf) => leafPath(structure(), leaf, options),
  };
}

/** Throws `DuplicateKey` with both key paths where two leaves have one name. */
export function refuseDuplicates(names: readonly string[], pathOf: (leaf: number) => KeyPath): void {
  const first = new Map<string, number>();
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
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
export function refuseLeadingEmpty({ startsEmpty }: NamedLeaves): void {
  if (!startsEmpty) return;
  const message =
    "the root has an attribute with an empty name, whose key string reads as another path: rename it, or save it with structure metadata";
  throw new Pytree2SafetensorsError("UnsupportedKey", message, { keyPath: "." });
}
