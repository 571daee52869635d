import type { Tensor } from "pytree2safetensors";

/*
 * The walks that a user would write: no key kinds but `@` and `#`, no checks, no limits, no cycles, no conflicts.
 */

/** Names each leaf by recursion; what is no array and no plain object is a leaf. */
export function bareFlatten(tree: unknown): Record<string, unknown> {
  const dict: Record<string, unknown> = {};
  flattenInto(dict, tree, "");
  return dict;
}

function flattenInto(dict: Record<string, unknown>, node: unknown, name: string): void {
  if (Array.isArray(node)) {
    for (let i = 0; i < node.length; i++) flattenInto(dict, node[i], `${name}#${i}`);
  } else if (isPlain(node)) {
    for (const key in node) flattenInto(dict, node[key], `${name}@${key}`);
  } else dict[name] = node;
}

type Nest = Record<string | number, unknown>;

/** Builds the nest that the names spell: splits each, walks down, makes what is missing. */
export function bareBuild(dict: Readonly<Record<string, unknown>>): unknown {
  const top: Nest = {};
  for (const name in dict) {
    let node = top;
    let key: string | number = "";
    let from = 0;
    while (from < name.length) {
      let to = from + 1;
      while (to < name.length && name[to] !== "@" && name[to] !== "#") to++;
      const isIndex = name[from] === "#";
      if (!(key in node)) node[key] = isIndex ? [] : {};
      node = node[key] as Nest;
      key = isIndex ? Number(name.slice(from + 1, to)) : name.slice(from + 1, to);
      from = to;
    }
    node[key] = dict[name];
  }
  return top[""];
}

/** Puts the dict's values into a copy of the tree. */
export function bareSet(tree: unknown, dict: Readonly<Record<string, unknown>>, name = ""): unknown {
  if (Array.isArray(tree)) return tree.map((item, i) => bareSet(item, dict, `${name}#${i}`));
  if (isPlain(tree)) {
    const copy: Record<string, unknown> = {};
    for (const key in tree) copy[key] = bareSet(tree[key], dict, `${name}@${key}`);
    return copy;
  }
  return dict[name] ?? tree;
}

/**
 * The same by the shortest program that tells first what doesn't fit: which leaves the dict lacks, which names no leaf
 * takes, which shapes differ.
 */
export function bareSetReported(tree: unknown, dict: Readonly<Record<string, unknown>>): unknown {
  const leaves = bareFlatten(tree);
  const missing: string[] = [];
  const mismatched: string[] = [];
  for (const name in leaves) {
    const old = leaves[name] as Tensor;
    const weight = dict[name] as Tensor | undefined;
    if (weight === undefined) missing.push(name);
    else if (!old.shape.every((size, d) => size === weight.shape[d])) mismatched.push(name);
  }
  const unexpected = Object.keys(dict).filter((name) => !(name in leaves));
  if (missing.length + mismatched.length + unexpected.length > 0) throw new Error("the dict doesn't fit");
  return bareSet(tree, dict);
}

function isPlain(node: unknown): node is Record<string, unknown> {
  return typeof node === "object" && node !== null && Object.getPrototypeOf(node) === Object.prototype;
}
