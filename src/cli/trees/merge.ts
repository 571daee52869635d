/** Joining trees, and reaching into them. */
import { type KeyEntry, type KeyPath, keystr, OpaqueNode } from "../../index.node.ts";
import { UsageError } from "../args/exit.ts";
import { keyId, keyText, makeContainer, openContainer } from "./containers.ts";

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
  const [mine, theirs] = [openContainer(a), openContainer(b)];
  if (mine === undefined || theirs === undefined || !areAlike(a, b)) {
    const where = keystr(path) || "a tree that is not a container";
    throw new UsageError(`both have ${where}: drop it from one, or put one below a key, as in key=FILE`);
  }
  const joined = new Map<string, readonly [KeyEntry, unknown]>();
  for (const [key, child] of [...mine.children, ...theirs.children]) {
    const id = keyId(key);
    joined.set(id, [key, mergeTrees(joined.get(id)?.[1], child, [...path, key])]);
  }
  const children = [...joined.values()];
  // The static data are those of the first.
  if (a instanceof OpaqueNode) return new OpaqueNode(a.name, children, a.aux);
  // Keys that both files list in no order of their own stay so: nothing needs to record one.
  const isOrdered = Array.isArray(a) || a instanceof Map;
  if (!isOrdered && [mine, theirs].every(({ children }) => isSorted(children.map(([key]) => keyText(key)))))
    children.sort(([x], [y]) => compareText(keyText(x), keyText(y)));
  return makeContainer(children, a);
}

/** Whether two containers are of one kind, or objects of one class. */
function areAlike(a: unknown, b: unknown): boolean {
  if (a instanceof OpaqueNode && b instanceof OpaqueNode) return a.name === b.name;
  return Object.getPrototypeOf(a) === Object.getPrototypeOf(b);
}

/** A tree as the only child of containers that lead to a key path. */
export function wrapTree(tree: unknown, path: KeyPath): unknown {
  return path.reduceRight<unknown>((child, entry) => makeContainer([[entry, child]]), tree);
}

/** What lies at a key path of a tree. */
export function subtree(tree: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((node, entry) => {
    const id = keyId(entry);
    return openContainer(node)?.children.find(([key]) => keyId(key) === id)?.[1];
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
