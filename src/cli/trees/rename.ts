/** Renaming in a tree, so that what its structure metadata says goes along. */
import {
  DictKey,
  GetAttrKey,
  KEY_STYLES,
  type KeyEntry,
  type KeyPath,
  type KeyStyleName,
  keypath2string,
  LazyTensor,
  OpaqueNode,
  PyTreeContainer,
  SequenceKey,
} from "../../index.node.ts";

/** Something without children, where it stands, and the containers on the way to it. */
interface Item {
  readonly path: KeyPath;
  readonly containers: readonly unknown[];
  readonly value: unknown;
}

/** A container of the new tree. */
interface Branch {
  /** The container of the old tree that it is, where it is one. */
  like: unknown;
  readonly children: Map<string, { readonly entry: KeyEntry; node: Branch | { readonly value: unknown } }>;
}

/**
 * A tree with everything in it under the name that `rename` gives it: tensors, scalars, static values, `null`s, empty
 * containers. The end of a name that stays keeps its keys and the kinds of its containers; what is new is read in the
 * key style.
 */
export function renameTree(tree: unknown, style: KeyStyleName, rename: (name: string) => string): unknown {
  const root: Branch = { like: undefined, children: new Map() };
  let bare: { value: unknown } | undefined;
  for (const { path, containers, value } of itemsOf(tree)) {
    const moved = moveOf(path, value, style, rename);
    if (moved.path.length === 0) bare = { value };
    else insert(root, moved.path, containers.slice(containers.length - moved.kept), value);
  }
  if (root.children.size === 0) return bare?.value ?? null;
  return make(root);
}

/** Everything in a tree that has nothing below it. */
function itemsOf(tree: unknown): Item[] {
  const items: Item[] = [];
  const visit = (value: unknown, path: KeyPath, containers: readonly unknown[]): void => {
    const children = childrenOf(value);
    if (children === undefined || children.length === 0) items.push({ path, containers, value });
    else for (const [entry, child] of children) visit(child, [...path, entry], [...containers, value]);
  };
  visit(tree, [], []);
  return items;
}

function childrenOf(value: unknown): (readonly [KeyEntry, unknown])[] | undefined {
  if (Array.isArray(value)) return value.map((child, i) => [new SequenceKey(i), child]);
  if (value instanceof Map) return [...value].map(([key, child]) => [new DictKey(key), child]);
  if (value instanceof OpaqueNode) return [...value.children];
  if (value instanceof PyTreeContainer)
    return Object.entries(value).map(([key, child]) => [new GetAttrKey(key), child]);
  if (typeof value !== "object" || value === null || value instanceof LazyTensor) return undefined;
  return Object.entries(value).map(([key, child]) => [new DictKey(key), child]);
}

/** The new path of an item, and how many of its containers, from the last, stay what they are. */
function moveOf(
  path: KeyPath,
  value: unknown,
  style: KeyStyleName,
  rename: (name: string) => string,
): { path: KeyPath; kept: number } {
  const spell = KEY_STYLES[style].encode;
  const name = value instanceof LazyTensor ? value.name : spell(path);
  const renamed = rename(name);
  if (renamed === name) return { path, kept: path.length };
  // The longest end that both have in common and that begins with a key.
  for (let start = 1; start < path.length; start++) {
    const tail = endOf(path.slice(start), style);
    if (!renamed.endsWith(tail)) continue;
    const [head] = KEY_STYLES[style].decode([renamed.slice(0, renamed.length - tail.length)]);
    return { path: [...head!, ...path.slice(start)], kept: path.length - start };
  }
  return { path: KEY_STYLES[style].decode([renamed])[0]!, kept: 0 };
}

/** The end of a name, with the mark or the separator that it begins with. */
function endOf(path: KeyPath, style: KeyStyleName): string {
  if (style === "pytree") return keypath2string([new SequenceKey(0), ...path]).slice(2);
  if (style === "keystr") return KEY_STYLES.keystr.encode(path);
  return (style === "dotted" ? "." : "/") + KEY_STYLES[style].encode(path);
}

function insert(root: Branch, path: KeyPath, containers: readonly unknown[], value: unknown): void {
  let branch = root;
  for (const [i, entry] of path.entries()) {
    const known = containers[i - (path.length - containers.length)];
    branch.like ??= known;
    const id = `${entry.constructor.name} ${keypath2string([entry])}`;
    const child = branch.children.get(id);
    if (i === path.length - 1) {
      branch.children.set(id, { entry, node: { value } });
    } else if (child !== undefined && "children" in child.node) {
      branch = child.node;
    } else {
      const node: Branch = { like: undefined, children: new Map() };
      branch.children.set(id, { entry, node });
      branch = node;
    }
  }
}

function make({ like, children }: Branch): unknown {
  const entries = [...children.values()].map(({ entry, node }) => ({
    entry,
    value: "children" in node ? make(node) : node.value,
  }));
  const keyOf = (entry: KeyEntry) => ("name" in entry ? entry.name : "key" in entry ? entry.key : entry.idx);
  if (like instanceof OpaqueNode && like.children.length === entries.length) {
    const byKey = new Map(entries.map(({ entry, value }) => [keypath2string([entry]), value]));
    const idOf = ([key]: readonly [KeyEntry, unknown]) => keypath2string([key]);
    if (like.children.every((child) => byKey.has(idOf(child)))) {
      const children = like.children.map((child) => [child[0], byKey.get(idOf(child))] as const);
      return new OpaqueNode(like.name, children, like.aux);
    }
  }
  if (entries.every(({ entry }) => entry instanceof SequenceKey)) {
    const list: unknown[] = [];
    for (const { entry, value } of entries) list[(entry as SequenceKey).idx] = value;
    return Array.from(list, (value) => value ?? null);
  }
  if (like instanceof Map) return new Map(entries.map(({ entry, value }) => [keyOf(entry), value]));
  const object = Object.fromEntries(entries.map(({ entry, value }) => [String(keyOf(entry)), value]));
  return entries.every(({ entry }) => entry instanceof GetAttrKey) ? new PyTreeContainer(object) : object;
}
