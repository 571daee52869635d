/** A tree whose leaves are to be replaced. */
import { type NamingOptions, nameLeaves, refuseDuplicates } from "./leaf-names.ts";
import { treeUnflatten } from "./treedef.ts";
import type { NamedLeaf, WalkResults } from "./walk.ts";

/** A template taken apart. */
export interface Template {
  /** Every leaf with its name, strings and whatever else included, in the tree's order. */
  readonly leaves: readonly NamedLeaf[];
  /** A tree with the containers, orders, classes and static fields of this one, and other leaves. */
  rebuild(values: readonly unknown[]): unknown;
}

/**
 * Takes a template apart; it stays as it is.
 *
 * @param likely What it will be matched with: see {@link WalkResults}.
 * @throws `DuplicateKey`, `UnsupportedKey`, `CircularTree`, `DepthLimit`.
 */
export function flattenTemplate(
  tree: unknown,
  options: NamingOptions = {},
  likely?: WalkResults["likely"],
): Template {
  const { leaves, def, odd, pathOf } = nameLeaves(tree, options, likely);
  if (odd) refuseDuplicates(leaves, pathOf);
  return { leaves, rebuild: (values) => treeUnflatten(def, values) };
}
