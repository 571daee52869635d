/** Joining trees, and reaching into them. */
import {
  DictKey,
  GetAttrKey,
  type KeyEntry,
  type KeyPath,
  keypath2string,
  keystr,
  OpaqueNode,
  PyTreeContainer,
  SequenceKey,
} from "../../index.node.ts";
import { UsageError } from "../args/exit.ts";

/**
 * One tree of two: containers of one kind are joined key by key, what only one has is taken from it, `null`s give
 * way.
 *
 * @throws {UsageError} Where both have something, and it can't be joined.
 */
export function mergeTrees(a: unknown, b: unknown, path: KeyPath = []): unknown {
  if (a === null || a === undefined) return b;
  if (b === null || b === undefined) return a;
  // Static values of a tree that was split stand in every part.
  if (typeof a === "string" && a === b) return a;
  if (Array.isArray(a) && Array.isArray(b)) {
    const length = Math.max(a.length, b.length);
    return Array.from({ length }, (_, i) => mergeTrees(a[i], b[i], [...path, new SequenceKey(i)]));
  }
  if (a instanceof Map && b instanceof Map) {
    const joined = new Map(a);
    for (const [key, value] of b)
      joined.set(key, mergeTrees(joined.get(key), value, [...path, new DictKey(key)]));
    return joined;
  }
  if (a instanceof OpaqueNode && b instanceof OpaqueNode && a.name === b.name) return mergeNodes(a, b, path);
  if (isObject(a) && isObject(b) && Object.getPrototypeOf(a) === Object.getPrototypeOf(b)) {
    const isAttributes = a instanceof PyTreeContainer;
    const joined = new Map(Object.entries(a));
    for (const [key, value] of Object.entries(b)) {
      const entry = isAttributes ? new GetAttrKey(key) : new DictKey(key);
      joined.set(key, mergeTrees(joined.get(key), value, [...path, entry]));
    }
    // Keys that a file lists in no order of their own stay so: nothing needs to record one.
    const sorted = isSorted(Object.keys(a)) && isSorted(Object.keys(b));
    const entries = sorted ? [...joined].sort(([x], [y]) => compareText(x, y)) : joined;
    const object: Record<string, unknown> = Object.fromEntries(entries);
    return isAttributes ? new PyTreeContainer(object) : object;
  }
  throw new UsageError(
    `both have ${keystr(path) || "a tree that is not a container"}: drop it from one, or put one below a key, as in key=FILE`,
  );
}

/** One object of a class that this program doesn't know; its static data are those of the first. */
function mergeNodes(a: OpaqueNode, b: OpaqueNode, path: KeyPath): OpaqueNode {
  const joined = new Map<string, readonly [KeyEntry, unknown]>();
  for (const [key, child] of [...a.children, ...b.children]) {
    const id = keypath2string([key]);
    joined.set(id, [key, mergeTrees(joined.get(id)?.[1], child, [...path, key])]);
  }
  return new OpaqueNode(a.name, [...joined.values()], a.aux);
}

/** A tree as the only child of containers that lead to a key path. */
export function wrapTree(tree: unknown, path: KeyPath): unknown {
  return path.reduceRight<unknown>((child, entry) => {
    if (entry instanceof GetAttrKey) return new PyTreeContainer(Object.fromEntries([[entry.name, child]]));
    if (entry instanceof SequenceKey)
      return Object.assign(new Array(entry.idx + 1).fill(null), { [entry.idx]: child });
    return Object.fromEntries([[String(entry.key), child]]);
  }, tree);
}

/** What lies at a key path of a tree. */
export function subtree(tree: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((node, entry) => {
    if (node instanceof OpaqueNode) {
      const id = keypath2string([entry]);
      return node.children.find(([key]) => keypath2string([key]) === id)?.[1];
    }
    if (entry instanceof SequenceKey) return (node as readonly unknown[])[entry.idx];
    if (entry instanceof GetAttrKey) return (node as Readonly<Record<string, unknown>>)[entry.name];
    return node instanceof Map
      ? node.get(entry.key)
      : (node as Readonly<Record<string, unknown>>)[String(entry.key)];
  }, tree);
}

/** Whether keys are sorted by code point, which is the order of keys that no file records. */
function isSorted(keys: readonly string[]): boolean {
  // JavaScript puts array indices first, whatever anybody wants.
  const words = keys.filter((key) => !/^\d+$/.test(key));
  return words.every((key, i) => i === 0 || compareText(words[i - 1]!, key) < 0);
}

function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || value instanceof PyTreeContainer;
}
