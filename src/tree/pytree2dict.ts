/** A tree as a dict: the Python package's `pytree2dict`. */
import { setOwn } from "../base/dict.ts";
import { KEY_STYLES, type KeyStyleOption } from "./keys/keystyles.ts";
import { nameLeaves, refuseDuplicates, refuseLeadingEmpty, requireNaming } from "./leaf-names.ts";
import { type BuildLimits, MAX_GAPS } from "./limits.ts";
import type { RekeyOptions } from "./rekey.ts";
import { type FlattenOptions, Walk } from "./walk.ts";

/** Options of {@link pytree2dict}. */
export interface Pytree2DictOptions
  extends FlattenOptions,
    RekeyOptions,
    KeyStyleOption,
    Pick<BuildLimits, "maxGaps"> {}

/**
 * Returns the leaves of a tree by key string, in the tree's order. The leaves themselves are not changed.
 *
 * @throws `DuplicateKey` if two leaves have the same key string; `UnsupportedKey` if a key has no key string; `CircularTree`
 *   if the tree contains itself; `DepthLimit` or `GapLimit` if it is too large.
 * @example
 * ```ts
 * pytree2dict({ w: 1, layers: [2, null, 3] }); // { "@w": 1, "@layers#0": 2, "@layers#2": 3 }
 * ```
 */
export function pytree2dict<Leaf = unknown>(
  tree: unknown,
  options: Pytree2DictOptions = {},
): Record<string, Leaf> {
  const style = requireNaming(options);
  const walked = { ...options, maxGaps: options.maxGaps ?? MAX_GAPS };
  const dict: Record<string, Leaf> = {};
  if (style === KEY_STYLES.pytree) {
    const walk = new Walk(walked, { names: options, dict });
    walk.down(tree);
    refuseLeadingEmpty(walk);
    if (!walk.odd || Object.keys(dict).length === walk.count) return dict;
  }
  const { leaves, pathOf } = nameLeaves(tree, walked);
  refuseDuplicates(leaves, pathOf);
  for (const { name, leaf } of leaves) setOwn(dict, name, leaf as Leaf);
  return dict;
}
