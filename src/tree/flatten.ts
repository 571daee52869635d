/** JAX's functions that take a tree apart. */
import { requireOptions } from "../base/arguments.ts";
import type { KeyEntry, KeyPath } from "./keys/keypath.ts";
import { type LikeKinds, likeBelow, type RekeyOptions, rekeyed } from "./rekey.ts";
import { LEAF, type TreeDef } from "./treedef.ts";
import { type FlattenOptions, Walk } from "./walk.ts";

export type { FlattenOptions } from "./walk.ts";

/**
 * Takes a tree apart into its leaves and its structure. The order is each container's own: of elements, of
 * keys, of what a registered class gives. `null` and `undefined` are nodes without leaves.
 *
 * @throws `CircularTree` for a tree that contains itself, `DepthLimit` for one too deep, `UnsupportedKey` for a Map
 * whose keys are objects.
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

/** The leaves of a tree, in the order of {@link treeFlatten}. */
export function treeLeaves<Leaf = unknown>(tree: unknown, options?: FlattenOptions): Leaf[] {
  return treeFlatten<Leaf>(tree, options)[0];
}

/** The structure of a tree. */
export function treeStructure(tree: unknown, options?: FlattenOptions): TreeDef {
  return treeFlatten(tree, options)[1];
}

/** {@link treeFlatten} with the key path of each leaf. */
export function treeFlattenWithPath<Leaf = unknown>(
  tree: unknown,
  options?: FlattenOptions,
): [leaves: [path: KeyPath, leaf: Leaf][], treedef: TreeDef] {
  const [leaves, def] = treeFlatten<Leaf>(tree, options);
  const paths = leafPaths(def);
  return [leaves.map((leaf, i) => [paths[i]!, leaf]), def];
}

/** The leaves of a tree with their key paths. */
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
export function leafPaths(def: TreeDef, { objects, like }: RekeyOptions = {}): KeyPath[] {
  const paths: KeyPath[] = [];
  const path: KeyEntry[] = [];
  const visit = ({ node, children }: TreeDef, below: LikeKinds | undefined): void => {
    if (node === undefined) return;
    const entries = rekeyed(node, children.length, below, objects);
    children.forEach((child, i) => {
      if (child.numLeaves === 0) return;
      const entry = entries?.[i] ?? node.kind.entry(node, i);
      path.push(entry);
      if (child === LEAF) paths.push(path.slice());
      else visit(child, likeBelow(below, entry));
      path.pop();
    });
  };
  if (def === LEAF) return [[]];
  visit(def, like);
  return paths;
}

/** The key path of leaf `index`, found by counting: for messages. */
export function leafPath(def: TreeDef, index: number, options: RekeyOptions = {}): KeyPath {
  return pathTo(def, index, (one) => one === LEAF, options);
}

/** The key path of the container that a walk meets as number `index`: for messages. */
export function containerPath(def: TreeDef, index: number): KeyPath {
  return pathTo(def, index, ({ node }) => node !== undefined, {});
}

function pathTo(
  root: TreeDef,
  index: number,
  counts: (def: TreeDef) => boolean,
  { objects, like }: RekeyOptions,
): KeyPath {
  const path: KeyEntry[] = [];
  let left = index;
  const find = (def: TreeDef, below: LikeKinds | undefined): boolean => {
    if (counts(def) && left-- === 0) return true;
    const { node, children } = def;
    if (node === undefined) return false;
    const entries = rekeyed(node, children.length, below, objects);
    return children.some((child, i) => {
      const entry = entries?.[i] ?? node.kind.entry(node, i);
      path.push(entry);
      if (find(child, likeBelow(below, entry))) return true;
      path.pop();
      return false;
    });
  };
  if (!find(root, like)) throw new RangeError(`none is number ${index}`);
  return path;
}
