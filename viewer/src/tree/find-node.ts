// Finds the container, scalar or static value that a link names.
import type { TreeNode } from "../../../src/cli/trees/node.ts";

/** What a link calls a node that is no tensor. */
export function linkName({ name, label }: TreeNode): string {
  return name || label;
}

/** The first node of that name; `undefined` if there is none. */
export function findNode(root: TreeNode, name: string): TreeNode | undefined {
  const waiting = [...root.children].reverse();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (linkName(node) === name) return node;
    // A container's name begins the names of all that is in it.
    if (name.startsWith(node.name)) waiting.push(...[...node.children].reverse());
  }
  return undefined;
}
