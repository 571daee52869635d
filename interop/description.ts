import { PyTreeContainer, Tensor } from "pytree2safetensors";
import type { Dtype } from "../src/tensor/dtypes.ts";

/**
 * A pytree in JSON, as `trees.py` writes it: numbers are positions in the list of leaves, scalars say which of
 * Python's types they had, attribute nodes what their class was called.
 */
export type TreeNode =
  | null
  | number
  | { readonly float: number }
  | { readonly int: number }
  | { readonly bool: number }
  | { readonly dict: readonly (readonly [string, TreeNode])[] }
  | { readonly list: readonly TreeNode[] }
  | { readonly tuple: readonly TreeNode[] }
  | { readonly attrs: readonly (readonly [string, TreeNode])[]; readonly class?: string };

/** An array of a described tree; `data` is its bytes in base64. */
export interface DescribedLeaf {
  readonly key: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: string;
}

/** What Python's `dict2pytree` makes of a file's names, or the error that it fails with. */
export type Loaded = { readonly tree: TreeNode } | { readonly error: string };

/** A tree that Python saved. */
export interface DescribedTree {
  readonly leaves: readonly DescribedLeaf[];
  readonly tree: TreeNode;
  readonly loaded: Loaded;
  /** Whether the tree that Python loads equals the one it saved. */
  readonly comesBack: boolean;
}

/** Makes the instance of a class that Python called `name`; `undefined` has a `PyTreeContainer` made. */
export type MakeAttributes = (name: string, attributes: Record<string, unknown>) => object | undefined;

/** The leaf as a tensor; its bytes are decoded, not computed. */
export function tensorOf(leaf: DescribedLeaf): Tensor {
  return Tensor.fromBytes(leaf.dtype, leaf.shape, new Uint8Array(Buffer.from(leaf.data, "base64")));
}

/** Builds the described tree: arrays as tensors, Python's scalars as JavaScript's. */
export function buildTree(node: TreeNode, leaves: readonly Tensor[], make?: MakeAttributes): unknown {
  const object = (items: readonly (readonly [string, TreeNode])[]): Record<string, unknown> =>
    Object.fromEntries(items.map(([name, child]) => [name, buildTree(child, leaves, make)]));
  if (node === null) return null;
  if (typeof node === "number") return leaves[node];
  if ("dict" in node) return object(node.dict);
  if ("attrs" in node) {
    const attributes = object(node.attrs);
    return make?.(node.class ?? "", attributes) ?? new PyTreeContainer(attributes);
  }
  if ("list" in node) return node.list.map((child) => buildTree(child, leaves, make));
  if ("tuple" in node) return node.tuple.map((child) => buildTree(child, leaves, make));
  return scalarOf(node, leaves);
}

function scalarOf(
  node: { readonly float: number } | { readonly int: number } | { readonly bool: number },
  leaves: readonly Tensor[],
): number | bigint | boolean {
  const view = (index: number) => {
    const { data } = leaves[index]!;
    return new DataView(data.buffer, data.byteOffset, data.byteLength);
  };
  if ("float" in node) return view(node.float).getFloat64(0, true);
  if ("int" in node) return view(node.int).getBigInt64(0, true);
  return view(node.bool).getUint8(0) === 1;
}

/**
 * Where and how `found` is not the described tree, or `undefined` if it is: containers, keys whatever their
 * order, dtypes, shapes, bits. Plain objects of ours must have their keys in Python's order, save for those
 * that JavaScript itself puts first (`"0"`, `"17"`).
 */
export function difference(
  found: unknown,
  node: TreeNode,
  leaves: readonly Tensor[],
  path = "tree",
): string | undefined {
  if (node === null) return found === null ? undefined : `${path}: expected null`;
  if (typeof node === "number") {
    const same = found instanceof Tensor && found.equals(leaves[node]!);
    return same ? undefined : `${path}: expected ${leaves[node]}, found ${found} or other bits`;
  }
  if ("list" in node || "tuple" in node) {
    const children = "list" in node ? node.list : node.tuple;
    if (!Array.isArray(found) || found.length !== children.length)
      return `${path}: expected a list of ${children.length}`;
    return first(children, (child, i) => difference(found[i], child, leaves, `${path}[${i}]`));
  }
  if ("dict" in node || "attrs" in node) {
    const isDict = "dict" in node;
    const items = isDict ? node.dict : node.attrs;
    if (typeof found !== "object" || found === null) return `${path}: expected an object`;
    if (isDict ? !isPlain(found) : !(found instanceof PyTreeContainer))
      return `${path}: expected a ${isDict ? "plain object" : "PyTreeContainer"}`;
    const keys = Object.keys(found);
    const expected = items.map(([name]) => name);
    if (keys.length !== expected.length || !expected.every((name) => Object.hasOwn(found, name)))
      return `${path}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(keys)}`;
    if (isDict && !isSorted(keys)) return `${path}: keys out of order: ${JSON.stringify(keys)}`;
    return first(items, ([name, child]) =>
      difference((found as Record<string, unknown>)[name], child, leaves, `${path}[${JSON.stringify(name)}]`),
    );
  }
  const scalar = scalarOf(node, leaves);
  return Object.is(found, scalar)
    ? undefined
    : `${path}: expected ${typeof scalar} ${scalar}, found ${found}`;
}

/** What of `found` is not exactly these tensors under these names. */
export function dictDifference(
  found: Readonly<Record<string, Tensor>>,
  leaves: readonly DescribedLeaf[],
): string | undefined {
  const names = Object.keys(found);
  if (names.length !== leaves.length) return `expected ${leaves.length} tensors, found ${names.length}`;
  return first(leaves, (leaf) => {
    const tensor = Object.hasOwn(found, leaf.key) ? found[leaf.key] : undefined;
    return tensor?.equals(tensorOf(leaf)) ? undefined : `${JSON.stringify(leaf.key)} is missing or differs`;
  });
}

function first<T>(
  items: readonly T[],
  check: (item: T, i: number) => string | undefined,
): string | undefined {
  for (const [i, item] of items.entries()) {
    const fault = check(item, i);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function isSorted(keys: readonly string[]): boolean {
  const named = keys.filter((key) => !/^(0|[1-9]\d{0,9})$/.test(key)).map((key) => Buffer.from(key));
  return named.every((key, i) => i === 0 || Buffer.compare(named[i - 1]!, key) <= 0);
}
