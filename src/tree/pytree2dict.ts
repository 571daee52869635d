import { setOwn } from "../base/dict.ts";
import { type FlattenOptions, treeFlatten } from "./flatten.ts";
import { KEY_STYLES, type KeyStyleOption, keyStyle } from "./keystyles.ts";
import { type RekeyOptions, rekey } from "./like.ts";
import { leafNames, refuseDuplicates, refuseLeadingEmpty } from "./names.ts";
import { leafPath } from "./treedef.ts";

/** Options of {@link pytree2dict}. */
export interface Pytree2DictOptions extends FlattenOptions, RekeyOptions, KeyStyleOption {}

/**
 * The leaves of a tree under their key strings, in the tree's order; the leaves themselves are untouched.
 *
 * @throws `DuplicateKey` where two leaves have one key string, `UnsupportedKey` for keys that have none,
 * `CircularTree`, `DepthLimit`.
 * @example
 * ```ts
 * pytree2dict({ w: 1, layers: [2, null, 3] }); // { "@w": 1, "@layers#0": 2, "@layers#2": 3 }
 * ```
 */
export function pytree2dict<Leaf = unknown>(
  tree: unknown,
  { keys = "pytree", objects, like, ...options }: Pytree2DictOptions = {},
): Record<string, Leaf> {
  const style = keyStyle(keys);
  const [leaves, treedef] = treeFlatten<Leaf>(tree, options);
  const def = rekey(treedef, { objects, like });
  const { names, odd } = leafNames(def, style);
  if (odd) {
    if (style === KEY_STYLES.pytree) refuseLeadingEmpty(def);
    refuseDuplicates(names, (leaf) => leafPath(def, leaf));
  }
  const dict: Record<string, Leaf> = {};
  for (let i = 0; i < names.length; i++) setOwn(dict, names[i]!, leaves[i]!);
  return dict;
}
