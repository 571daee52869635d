/** A tree whose leaves are to be replaced. */
import { type NamingOptions, nameLeaves, refuseDuplicates } from "./leaf-names.ts";
import type { NamedLeaf } from "./tree2names.ts";
import { treeUnflatten } from "./treedef.ts";

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
 * @throws `DuplicateKey`, `UnsupportedKey`, `CircularTree`, `DepthLimit`.
 */
export function flattenTemplate(tree: unknown, options: NamingOptions = {}): Template {
  const named = nameLeaves(tree, options, true);
  const { names } = named;
  if (named.odd) refuseDuplicates(names, named.pathOf);
  const leaves = named.leaves.map((leaf, i) => ({ name: names[i]!, leaf }));
  return { leaves, rebuild: (values) => treeUnflatten(named.structure(), values) };
}
