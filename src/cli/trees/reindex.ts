/** Numbering the items of lists anew, so that nothing is left of those that were taken out. */
import type { KeyStyleName } from "../../index.node.ts";
import { openContainer } from "./containers.ts";
import { splitName } from "./names.ts";

interface Branch {
  readonly children: Map<string, Branch>;
}

/** Names with the indices of each list counted from 0 in their old order. Only keys that are all indices make a list. */
export function reindexNames(names: readonly string[], style: KeyStyleName): string[] {
  const root: Branch = { children: new Map() };
  for (const name of names) {
    let branch = root;
    for (const key of splitName(name, style)) {
      let child = branch.children.get(key);
      if (child === undefined) {
        child = { children: new Map() };
        branch.children.set(key, child);
      }
      branch = child;
    }
  }
  const separator = style === "dotted" ? "." : style === "slash" ? "/" : "";
  const fresh = new Map<Branch, ReadonlyMap<string, string>>();
  return names.map((name) => {
    let branch = root;
    const keys = splitName(name, style).map((key) => {
      const parent = branch;
      branch = parent.children.get(key)!;
      let numbers = fresh.get(parent);
      if (numbers === undefined) {
        numbers = renumber([...parent.children.keys()], style);
        fresh.set(parent, numbers);
      }
      return numbers.get(key) ?? key;
    });
    return keys.join(separator);
  });
}

/** The keys of a node that is a list, by what they were. */
function renumber(keys: readonly string[], style: KeyStyleName): ReadonlyMap<string, string> {
  const pattern =
    style === "pytree"
      ? /^#(0|[1-9]\d{0,14})$/
      : style === "keystr"
        ? /^\[(0|[1-9]\d{0,14})\]$/
        : /^(0|[1-9]\d{0,14})$/;
  const indices = keys.map((key) => pattern.exec(key)?.[1]);
  if (indices.some((index) => index === undefined)) return new Map();
  const inOrder = keys
    .map((key, i) => ({ key, index: Number(indices[i]) }))
    .sort((a, b) => a.index - b.index);
  return new Map(inOrder.map(({ key, index }, i) => [key, key.replace(String(index), () => String(i))]));
}

/** A tree whose lists have no `null`s. */
export function compactLists(tree: unknown): unknown {
  if (Array.isArray(tree))
    return tree.filter((item) => item !== null && item !== undefined).map(compactLists);
  const container = openContainer(tree);
  return container ? container.remake(container.children.map(([, child]) => compactLists(child))) : tree;
}
