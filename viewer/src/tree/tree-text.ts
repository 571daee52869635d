// The tree as text, drawn by the command's own code for a terminal without colours and without an edge.
import { drawTree } from "../../../src/cli/commands/tree/view.ts";
import type { Terminal } from "../../../src/cli/terminal/terminal.ts";
import type { TreeNode } from "../../../src/cli/trees/node.ts";

/** The lines that `p2s tree` prints. */
export function treeText(root: TreeNode, title: string): string {
  const plain = (text: string) => text;
  const color = { bold: plain, dim: plain, cyan: plain, green: plain, yellow: plain };
  const terminal = { width: Number.POSITIVE_INFINITY, unicode: true, color } as unknown as Terminal;
  const options = { title, depth: Number.POSITIVE_INFINITY, sort: undefined, all: false };
  return `${drawTree(root, terminal, options).join("\n")}\n`;
}
