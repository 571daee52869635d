/** Containers of trees, one level at a time, whatever their kinds are. */
import {
  type DictKey,
  GetAttrKey,
  type KeyEntry,
  keystr,
  PyTreeContainer,
  SequenceKey,
  treeFlattenWithPath,
  treeUnflatten,
} from "../../index.node.ts";

/** The children of a container with their keys, in its order. */
export type Children = readonly (readonly [key: KeyEntry, child: unknown])[];

/** A container that was taken apart. */
export interface Opened {
  readonly children: Children;
  /** The same container with other children, in the same order. */
  remake(children: readonly unknown[]): unknown;
}

/** Takes a container apart; `undefined` for leaves and for `null`. */
export function openContainer(value: unknown): Opened | undefined {
  if (value === null || value === undefined) return undefined;
  const [found, treedef] = treeFlattenWithPath(value, { isLeaf: (node) => node !== value });
  const children: [KeyEntry, unknown][] = [];
  for (const [[key], child] of found) {
    if (key === undefined) return undefined; // a leaf is its own only leaf
    children.push([key, child]);
  }
  return { children, remake: (values) => treeUnflatten(treedef, values) };
}

/**
 * Makes a container. It is what `like` is if that can have these keys; otherwise the keys decide: a list, an object of
 * attributes, or a dict.
 */
export function makeContainer(children: Children, like?: unknown): unknown {
  const known = openContainer(like);
  if (known?.children.length === children.length) {
    const byKey = new Map(children.map(([key, child]) => [keyId(key), child]));
    if (known.children.every(([key]) => byKey.has(keyId(key))))
      return known.remake(known.children.map(([key]) => byKey.get(keyId(key))));
  }
  if (children.every(([key]) => key instanceof SequenceKey)) {
    const list: unknown[] = [];
    for (const [key, child] of children) list[(key as SequenceKey).idx] = child;
    return Array.from(list, (child) => child ?? null);
  }
  if (like instanceof Map) return new Map(children.map(([key, child]) => [(key as DictKey).key, child]));
  const object = Object.fromEntries(children.map(([key, child]) => [keyText(key), child]));
  return children.every(([key]) => key instanceof GetAttrKey) ? new PyTreeContainer(object) : object;
}

/** A key as text, without its mark. */
export function keyText(key: KeyEntry): string {
  return String("name" in key ? key.name : "key" in key ? key.key : key.idx);
}

/** What tells a key from all others: the number 1 and the text "1" are two keys of a `Map`. */
export function keyId(key: KeyEntry): string {
  return `${key.constructor.name} ${keystr([key])}`;
}
