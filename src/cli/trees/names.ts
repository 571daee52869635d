/** A tree of the names of a file, for files whose names make no pytree. */
import type { KeyStyleName, SafetensorsFile } from "../../index.node.ts";
import { naturalCompare } from "./natural.ts";
import { sum, type TreeNode, tensorNode } from "./node.ts";

interface Branch {
  readonly children: Map<string, Branch>;
  name: string | undefined;
}

// Deeper branches are of no use to anybody; the rest of such a name is one key.
const MAX_KEYS = 100;

/**
 * Reads names as paths of keys and nothing more: a tensor may have others below it, as `w` has `w.absmax` in files of
 * 4-bit weights.
 */
export function treeOfNames(
  file: SafetensorsFile,
  names: Iterable<string>,
  style: KeyStyleName,
  parametersOf: (name: string) => number,
): TreeNode {
  const root: Branch = { children: new Map(), name: undefined };
  for (const name of names) {
    let branch = root;
    for (const key of splitName(name, style)) {
      let child = branch.children.get(key);
      if (child === undefined) {
        child = { children: new Map(), name: undefined };
        branch.children.set(key, child);
      }
      branch = child;
    }
    branch.name = name;
  }
  const visit = (branch: Branch, label: string, path: string): TreeNode => {
    const children = [...branch.children]
      .sort(([a], [b]) => naturalCompare(a, b))
      .map(([key, child]) => visit(child, key, path + (path === "" ? key : joint(style) + key)));
    if (branch.name === undefined) return sum({ label, kind: "names", name: path }, children);
    const tensor = tensorNode(label, branch.name, file.info(branch.name), parametersOf(branch.name));
    if (children.length === 0) return tensor;
    const below = sum({ label, kind: "names", name: path }, children);
    return {
      ...tensor,
      children,
      tensors: below.tensors + 1,
      parameters: below.parameters + tensor.parameters,
      bytes: below.bytes + tensor.bytes,
    };
  };
  return visit(root, "", "");
}

/** The keys that a name spells, each with its mark where its style has marks. */
export function splitName(name: string, style: KeyStyleName): string[] {
  if (name === "") return [];
  const keys =
    style === "dotted"
      ? name.split(".")
      : style === "slash"
        ? name.split("/")
        : style === "pytree"
          ? (name.match(/^[^.@#]+|[.@#][^.@#]*/g) ?? [name])
          : (name.match(/^[^.[]+|\.[^.[]*|\[[^.[]*/g) ?? [name]);
  if (keys.length <= MAX_KEYS) return keys;
  return [...keys.slice(0, MAX_KEYS - 1), keys.slice(MAX_KEYS - 1).join(joint(style))];
}

function joint(style: KeyStyleName): string {
  return { pytree: "", keystr: "", dotted: ".", slash: "/" }[style];
}
