/** Renaming in a tree, so that what its structure metadata says goes along. */
import {
  KEY_STYLES,
  type KeyEntry,
  type KeyPath,
  type KeyStyleName,
  keypath2string,
  LazyTensor,
  SequenceKey,
} from "../../index.node.ts";
import { keyId, makeContainer, openContainer } from "./containers.ts";

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
    const { children = [] } = openContainer(value) ?? {};
    if (children.length === 0) items.push({ path, containers, value });
    else for (const [entry, child] of children) visit(child, [...path, entry], [...containers, value]);
  };
  visit(tree, [], []);
  return items;
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
    const id = keyId(entry);
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
  const entries = [...children.values()].map(
    ({ entry, node }) => [entry, "children" in node ? make(node) : node.value] as const,
  );
  return makeContainer(entries, like);
}
