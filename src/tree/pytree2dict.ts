/** A tree as a dict: the Python package's `pytree2dict`. */
import { requireOptions } from "../base/arguments.ts";
import { setOwn } from "../base/dict.ts";
import type { FlattenOptions } from "./flatten.ts";
import type { KeyStyleOption } from "./keys/keystyles.ts";
import { nameLeaves, refuseDuplicates, refuseLeadingEmpty } from "./leaf-names.ts";
import { type BuildLimits, MAX_GAPS } from "./limits.ts";
import type { RekeyOptions } from "./rekey.ts";

/** Options of {@link pytree2dict}. */
export interface Pytree2DictOptions
  extends FlattenOptions,
    RekeyOptions,
    KeyStyleOption,
    Pick<BuildLimits, "maxGaps"> {}

/**
 * The leaves of a tree under their key strings, in the tree's order; the leaves themselves are untouched.
 *
 * @throws `DuplicateKey` where two leaves have one key string, `UnsupportedKey` for keys that have none,
 * `CircularTree`, `DepthLimit`, `GapLimit`.
 * @example
 * ```ts
 * pytree2dict({ w: 1, layers: [2, null, 3] }); // { "@w": 1, "@layers#0": 2, "@layers#2": 3 }
 * ```
 */
export function pytree2dict<Leaf = unknown>(
  tree: unknown,
  options: Pytree2DictOptions = {},
): Record<string, Leaf> {
  requireOptions(options);
  const named = nameLeaves(tree, { maxGaps: MAX_GAPS, ...options }, false);
  const { leaves, names } = named;
  if (named.odd) {
    refuseLeadingEmpty(named);
    refuseDuplicates(names, named.pathOf);
  }
  const dict: Record<string, Leaf> = {};
  for (let i = 0; i < names.length; i++) setOwn(dict, names[i]!, leaves[i] as Leaf);
  return dict;
}
