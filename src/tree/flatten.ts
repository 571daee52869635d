/** JAX's functions that take a tree apart. */
import { requireOptions } from "../base/arguments.ts";
import type { KeyEntry, KeyPath } from "./keys/keypath.ts";
import { type LikeKinds, likeBelow, type RekeyOptions, rekeyed } from "./rekey.ts";
import { LEAF, type TreeDef } from "./treedef.ts";
import { type FlattenOptions, Walk } from "./walk.ts";

/**
 * Splits a tree into its leaves and its structure. Leaves are in the order of their containers: list elements by index,
 * entries by key, children of a registered class as `flattenWithKeys` returns them. `null` and `undefined` are nodes
 * without leaves.
 *
 * @throws `CircularTree` if the tree contains itself; `DepthLimit` if it is too deep; `UnsupportedKey` if a `Map` has objects
 *   as keys.
 * @example
 * ```ts
 * const [leaves, treedef] = treeFlatten({ w: 1, layers: [2, null] }); // [1, 2]
 * treeUnflatten(treedef, leaves); // { w: 1, layers: [2, null] }
 * ```
 */
export function treeFlatten<Leaf = unknown>(
  tree: unknown,
  options: FlattenOptions = {},
): [leaves: Leaf[], treedef: TreeDef] {
  requireOptions(options);
  const { isLeaf, maxDepth } = options;
  const walk = new Walk({ isLeaf, maxDepth }, { def: true });
  const def = walk.down(tree);
  return [walk.leaves as Leaf[], def];
}

/**
 * Returns the leaves of a tree, in the order of {@link treeFlatten}.
 *
 * @throws What {@link treeFlatten} throws.
 * @example
 * ```ts
 * treeLeaves({ w: 1, layers: [2, null] }).length; // 2
 * ```
 */
export function treeLeaves<Leaf = unknown>(tree: unknown, options?: FlattenOptions): Leaf[] {
  return treeFlatten<Leaf>(tree, options)[0];
}

/**
 * Returns the structure of a tree.
 *
 * @throws What {@link treeFlatten} throws.
 * @example
 * ```ts
 * treeStructure([1, [2, 3]]).toString(); // "PyTreeDef([*, [*, *]])"
 * ```
 */
export function treeStructure(tree: unknown, options?: FlattenOptions): TreeDef {
  return treeFlatten(tree, options)[1];
}

/**
 * Like {@link treeFlatten}, with the key path of each leaf.
 *
 * @throws What {@link treeFlatten} throws.
 */
export function treeFlattenWithPath<Leaf = unknown>(
  tree: unknown,
  options?: FlattenOptions,
): [leaves: [path: KeyPath, leaf: Leaf][], treedef: TreeDef] {
  const [leaves, def] = treeFlatten<Leaf>(tree, options);
  const paths = leafPaths(def);
  return [leaves.map((leaf, i) => [paths[i]!, leaf]), def];
}

/**
 * Returns the leaves of a tree with their key paths.
 *
 * @throws What {@link treeFlatten} throws.
 * @example
 * ```ts
 * for (const [path, leaf] of treeLeavesWithPath({ layers: [1, 2] })) {
 *   console.log(keystr(path), leaf); // ['layers'][0] 1, then ['layers'][1] 2
 * }
 * ```
 */
export function treeLeavesWithPath<Leaf = unknown>(
  tree: unknown,
  options?: FlattenOptions,
): [path: KeyPath, leaf: Leaf][] {
  return treeFlattenWithPath<Leaf>(tree, options)[0];
}

/**
 * The key paths of all leaves.
 *
 * @param options Gives the paths as they are written, if not with the tree's own kinds of keys.
 */
export function leafPaths(def: TreeDef, options: RekeyOptions = {}): KeyPath[] {
  const paths: KeyPath[] = [];
  find(def, options, (one, path) => {
    if (one === LEAF) paths.push(path.slice());
    return false;
  });
  return paths;
}

/** The key path of leaf `index`, found by counting: for messages. */
export function leafPath(def: TreeDef, index: number, options: RekeyOptions): KeyPath {
  let left = index;
  return find(def, options, (one) => one === LEAF && left-- === 0);
}

/** The key path of the container that a walk meets as number `index`: for messages. */
export function containerPath(def: TreeDef, index: number): KeyPath {
  let left = index;
  return find(def, {}, ({ node }) => node !== undefined && left-- === 0);
}

/** The key path of the first node that is meant; of no node, the empty one. */
function find(
  root: TreeDef,
  { objects, like }: RekeyOptions,
  isMeant: (def: TreeDef, path: readonly KeyEntry[]) => boolean,
): KeyPath {
  const path: KeyEntry[] = [];
  const visit = (def: TreeDef, below: LikeKinds | undefined): boolean => {
    if (isMeant(def, path)) return true;
    const { node, children } = def;
    if (node === undefined) return false;
    const entries = rekeyed(node, children.length, below, objects);
    return children.some((child, i) => {
      const entry = entries?.[i] ?? node.kind.entry(node, i);
      path.push(entry);
      if (visit(child, likeBelow(below, entry))) return true;
      path.pop();
      return false;
    });
  };
  visit(root, like);
  return path;
}
