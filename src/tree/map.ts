import { Pytree2SafetensorsError } from "../base/errors.ts";
import { leafPaths, openContainer, treeFlatten } from "./flatten.ts";
import type { KeyEntry, KeyPath } from "./keys/keypath.ts";
import { keystr } from "./keys/keystr.ts";
import { kindOf } from "./kinds/kind.ts";
import type { MapLeaves } from "./map-leaves.ts";
import {
  childEntry,
  equalData,
  equalEntryLists,
  LEAF,
  matchKeys,
  type NodeData,
  spell,
  TreeDef,
  treeUnflatten,
} from "./treedef.ts";

/**
 * Applies a function to each leaf; the result has the containers and keys of `tree`. Further trees give
 * further arguments: they must have the containers and keys of `tree` (where it has leaves, anything), and are
 * paired with it by key, never by position.
 *
 * @throws `StructureMismatch` with the key path where another tree differs.
 * @example
 * ```ts
 * treeMap((w: number, g: number) => w - 0.1 * g, { w: 1, b: 2 }, { b: 10, w: 20 }); // { w: -1, b: 1 }
 * ```
 */
export function treeMap<A, R extends readonly unknown[], B, T>(
  fn: (leaf: A, ...rest: R) => B,
  tree: T,
  ...rest: { readonly [K in keyof R]: unknown }
): MapLeaves<T, A, B>;
export function treeMap(fn: (...args: never[]) => unknown, tree: unknown, ...rest: unknown[]): unknown {
  const [leaves, def] = treeFlatten(tree);
  const columns = [leaves, ...rest.map((other) => flattenUpTo(def, other))];
  return treeUnflatten(
    def,
    leaves.map((_, i) => fn(...(columns.map((column) => column[i]) as never[]))),
  );
}

/**
 * {@link treeMap} with the key path of the leaf as the first argument.
 *
 * @throws `StructureMismatch` with the key path where another tree differs.
 */
export function treeMapWithPath<A, R extends readonly unknown[], B, T>(
  fn: (path: KeyPath, leaf: A, ...rest: R) => B,
  tree: T,
  ...rest: { readonly [K in keyof R]: unknown }
): MapLeaves<T, A, B>;
export function treeMapWithPath(
  fn: (...args: never[]) => unknown,
  tree: unknown,
  ...rest: unknown[]
): unknown {
  const [leaves, def] = treeFlatten(tree);
  const columns = [leafPaths(def), leaves, ...rest.map((other) => flattenUpTo(def, other))];
  return treeUnflatten(
    def,
    leaves.map((_, i) => fn(...(columns.map((column) => column[i]) as never[]))),
  );
}

/** What stands in `tree` where a tree of the structure `def` has its leaves. */
function flattenUpTo(def: TreeDef, tree: unknown): unknown[] {
  const found: unknown[] = [];
  const path: KeyEntry[] = [];
  const visit = (at: TreeDef, value: unknown): void => {
    const { keys, entries, aux } = at.node;
    if (at === LEAF) {
      found.push(value);
      return;
    }
    const otherKind = kindOf(value);
    if (at.node.kind !== otherKind) mismatch(path, at, value);
    if (otherKind === "leaf" || otherKind === "none") return; // both are None
    const [other, values] = openContainer(value as object, otherKind, () => path);
    const order = keys === undefined ? undefined : matchKeys(keys, other.keys!);
    if (values.length !== at.children.length || (keys !== undefined && order === undefined)) {
      mismatch(path, at, value);
    }
    if (entries !== undefined && !(equalEntryLists(entries, other.entries!) && equalData(aux, other.aux))) {
      mismatch(path, at, value);
    }
    at.children.forEach((child, i) => {
      const item = values[order?.[i] ?? i];
      if (child === LEAF) {
        found.push(item);
        return;
      }
      path.push(childEntry(at.node, i));
      visit(child, item);
      path.pop();
    });
  };
  visit(def, tree);
  return found;
}

function mismatch(path: KeyPath, def: TreeDef, value: unknown): never {
  const keyPath = keystr(path);
  const kind = kindOf(value);
  const expected = outline(def.node, def.children.length);
  let found = kind === "leaf" ? "a leaf" : "None";
  if (kind !== "leaf" && kind !== "none") {
    const [node, values] = openContainer(value as object, kind, () => path);
    found = outline(node, values.length);
  }
  throw new Pytree2SafetensorsError(
    "StructureMismatch",
    `the trees differ at ${keyPath || "the root"}: expected ${expected}, found ${found}`,
    { keyPath, expected, found },
  );
}

// A container and its keys, without what is below.
function outline(node: NodeData, length: number): string {
  return spell(new TreeDef(node, new Array<TreeDef>(length).fill(LEAF)));
}
