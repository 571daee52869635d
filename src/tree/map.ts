/** Functions over the leaves of trees of one structure. */
import { requireFunction } from "../base/arguments.ts";
import { printable } from "../base/quote.ts";
import { leafPaths, treeFlatten } from "./flatten.ts";
import { type KeyEntry, type KeyPath, keyOf } from "./keys/keypath.ts";
import { type Kind, kindOf, type Node } from "./kinds/kind.ts";
import { errorAt } from "./messages.ts";
import { entriesOf } from "./rekey.ts";
import { LEAF, type TreeDef, treeUnflatten } from "./treedef.ts";

/**
 * The type of a tree after its leaves of type `A` became `B`. Containers keep their keys, and tuples their length.
 */
export type MapLeaves<T, A, B> = T extends A
  ? B
  : T extends null | undefined
    ? T
    : T extends ReadonlyMap<infer K, infer V>
      ? Map<K, MapLeaves<V, A, B>>
      : T extends readonly unknown[]
        ? { -readonly [K in keyof T]: MapLeaves<T[K], A, B> }
        : T extends (...args: never[]) => unknown
          ? T
          : T extends object
            ? { [K in keyof T]: MapLeaves<T[K], A, B> }
            : T;

/**
 * Applies a function to each leaf. The result has the containers and keys of `tree`. Further trees provide further
 * arguments. They must have the same containers and keys as `tree`, but may have anything in place of its leaves. Entries
 * are matched by key, never by position.
 *
 * @throws `StructureMismatch`, with the key path, if another tree differs.
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
  requireFunction("fn", fn);
  const [leaves, def] = treeFlatten(tree);
  return mapColumns(fn, def, [leaves, ...rest.map((other) => flattenUpTo(def, other))]);
}

/**
 * Like {@link treeMap}, with the key path of the leaf as the first argument.
 *
 * @throws `StructureMismatch`, with the key path, if another tree differs.
 * @example
 * ```ts
 * treeMapWithPath((path, leaf) => `${keystr(path)} = ${leaf}`, { w: 1 }); // { w: "['w'] = 1" }
 * ```
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
  requireFunction("fn", fn);
  const [leaves, def] = treeFlatten(tree);
  return mapColumns(fn, def, [leafPaths(def), leaves, ...rest.map((other) => flattenUpTo(def, other))]);
}

function mapColumns(
  fn: (...args: never[]) => unknown,
  def: TreeDef,
  columns: readonly (readonly unknown[])[],
): unknown {
  const made = columns[0]!.map((_, i) => fn(...(columns.map((column) => column[i]) as never[])));
  return treeUnflatten(def, made);
}

/** What stands in `tree` where a tree of the structure `def` has its leaves. */
function flattenUpTo(def: TreeDef, tree: unknown): unknown[] {
  const found: unknown[] = [];
  const path: KeyEntry[] = [];
  const visit = ({ node, children }: TreeDef, value: unknown): void => {
    const isNone = value === null || value === undefined;
    if (node === undefined && isNone) return;
    const opened = typeof value === "object" && !isNone ? kindOf(value)?.open(value, () => path) : undefined;
    const [other, values = []] = opened ?? [];
    const fits = node?.kind === other?.kind && values.length === children.length;
    const order = fits && other !== undefined ? node!.kind.pair(node!, other) : undefined;
    if (order === undefined) mismatch(path, node, children.length, opened ?? (isNone ? "None" : "a leaf"));
    for (let i = 0; i < children.length; i++) {
      const [child, item] = [children[i]!, values[order === "same" ? i : order[i]!]];
      if (child === LEAF) {
        found.push(item);
        continue;
      }
      path.push(node!.kind.entry(node!, i));
      visit(child, item);
      path.pop();
    }
  };
  if (def === LEAF) return [tree];
  visit(def, tree);
  return found;
}

type Opened = "a leaf" | "None" | ReturnType<Kind["open"]>;

function mismatch(path: KeyPath, node: Node | undefined, length: number, opened: Opened): never {
  let expected = node === undefined ? "None" : outline(node, length);
  let found = typeof opened === "string" ? opened : outline(opened[0], opened[1].length);
  if (expected === found && node !== undefined && typeof opened !== "string") {
    // Keys of other types, or other static data.
    expected = `${found} with ${keyTypes(node, length)}`;
    found = `${found} with ${keyTypes(opened[0], length)}`;
  }
  const message = (place: string) =>
    `the trees differ at ${place}: expected ${printable(expected, 200)}, found ${printable(found, 200)}`;
  throw errorAt("StructureMismatch", path, message, { expected, found });
}

function keyTypes(node: Node, length: number): string {
  const types = new Set(entriesOf(node, length).map((entry) => typeof keyOf(entry)));
  return types.size === 0 ? "its static data" : `${[...types].join(" and ")} keys and its static data`;
}

// A container and its keys, without what is below.
function outline(node: Node, length: number): string {
  return node.kind.spell(node, new Array<string>(length).fill("*"));
}
