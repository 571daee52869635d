import { treeFlatten } from "./flatten.ts";
import type { KeyPath } from "./keys/keypath.ts";
import { keyStyle } from "./keys/keystyles.ts";
import { leafNames, refuseDuplicates } from "./leaf-names.ts";
import { rekey } from "./rekey.ts";
import { type FlattenForSaveOptions, leafTest } from "./tree2names.ts";
import { leafPath, treeUnflatten } from "./treedef.ts";

/** Options of {@link flattenTemplate}. */
export type TemplateOptions = Pick<
  FlattenForSaveOptions,
  "isArray" | "isLeaf" | "maxDepth" | "objects" | "like" | "keys"
>;

/** A tree whose leaves are to be replaced. */
export interface Template {
  /** The key string of each leaf. */
  readonly names: readonly string[];
  /** The leaves, strings and whatever else included. */
  readonly leaves: readonly unknown[];
  /** The key path of a leaf, for messages. */
  pathOf(leaf: number): KeyPath;
  /** A tree with the containers, orders, classes and static fields of this one, and other leaves. */
  rebuild(leaves: readonly unknown[]): unknown;
}

/**
 * Takes a template apart; it stays as it is.
 *
 * @throws `DuplicateKey`, `UnsupportedKey`, `CircularTree`, `DepthLimit`.
 */
export function flattenTemplate(tree: unknown, options: TemplateOptions = {}): Template {
  const [leaves, treedef] = treeFlatten(tree, { isLeaf: leafTest(options), maxDepth: options.maxDepth });
  const def = rekey(treedef, options);
  const { names, odd } = leafNames(def, keyStyle(options.keys ?? "pytree"));
  const pathOf = (leaf: number): KeyPath => leafPath(def, leaf);
  if (odd) refuseDuplicates(names, pathOf);
  return { names, leaves, pathOf, rebuild: (others) => treeUnflatten(treedef, others) };
}
