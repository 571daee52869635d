/** How `tree` draws a tree. */
import { formatBytes, formatCount, plural } from "../../terminal/sizes.ts";
import { type Column, formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { formatShape, nameCell, printable, quote } from "../../terminal/text.ts";
import { type Fold, Folder } from "../../trees/fold.ts";
import type { TreeNode } from "../../trees/node.ts";

/** How a tree is shown. */
export interface ViewOptions {
  /** What the root is called. */
  readonly title: string;
  readonly depth: number;
  readonly sort: "size" | undefined;
  /** Shows every layer, also of runs of equal ones. */
  readonly all: boolean;
}

const COLUMNS: readonly Column[] = [
  { flexible: true },
  { name: "kind", drop: 2 },
  { name: "shape", drop: 3 },
  { name: "parameters", align: "right", drop: 1 },
  { name: "bytes", align: "right", drop: 4 },
];

/** Draws a tree: a line for each node with kind, shape, parameters and bytes, containers with their subtotals. */
export function drawTree(root: TreeNode, terminal: Terminal, options: ViewOptions): string[] {
  const rows: string[][] = [];
  const drawer = new Drawer(terminal, options, rows);
  drawer.draw(root);
  const { color, unicode, width } = terminal;
  return formatTable(COLUMNS, rows, {
    width,
    style: (title) => color.dim(title),
    ellipsis: unicode ? "…" : "~",
  });
}

// Twenty levels: of deeper nodes, the nearest parents are shown.
const MAX_INDENT = 60;

function shortened(indent: string): string {
  return indent.length > MAX_INDENT ? `… ${indent.slice(-MAX_INDENT)}` : indent;
}

class Drawer {
  readonly #terminal: Terminal;
  readonly #options: ViewOptions;
  readonly #rows: string[][];
  readonly #folder = new Folder();

  constructor(terminal: Terminal, options: ViewOptions, rows: string[][]) {
    this.#terminal = terminal;
    this.#options = options;
    this.#rows = rows;
  }

  draw(root: TreeNode): void {
    const { color } = this.#terminal;
    this.#row(color.bold(nameCell(this.#options.title)), root, 1);
    this.#children(root, "", 1);
  }

  #children(node: TreeNode, indent: string, depth: number): void {
    if (depth > this.#options.depth) return;
    const { unicode, color } = this.#terminal;
    const folds = this.#folds(node);
    for (const [i, fold] of folds.entries()) {
      const isLast = i === folds.length - 1;
      const [branch, trunk] = unicode
        ? [isLast ? "└─ " : "├─ ", isLast ? "   " : "│  "]
        : [isLast ? "`- " : "|- ", isLast ? "   " : "|  "];
      const hidden = depth === this.#options.depth && fold.node.children.length > 0;
      const rest = hidden ? color.dim(` (${plural(fold.node.tensors * fold.count, "tensor")})`) : "";
      this.#row(color.dim(shortened(indent) + branch) + this.#label(fold) + rest, fold.node, fold.count);
      // Bounded, for trees can be a thousand levels deep.
      this.#children(fold.node, (indent + trunk).slice(-MAX_INDENT - trunk.length), depth + 1);
    }
  }

  #folds(node: TreeNode): readonly Fold[] {
    const { all, sort } = this.#options;
    const folds = all
      ? node.children.map((child) => ({ node: child, last: child, count: 1 }))
      : this.#folder.fold(node.children);
    const bytes = (fold: Fold) => fold.node.bytes * fold.count;
    return sort === "size" ? folds.sort((a, b) => bytes(b) - bytes(a)) : folds;
  }

  #label({ node, last, count }: Fold): string {
    const { color, unicode } = this.#terminal;
    const paint = node.children.length > 0 ? color.cyan : (text: string) => text;
    const label = nameCell(node.label);
    if (count === 1) return paint(label);
    const [dots, times] = unicode ? ["…", "×"] : ["..", "x"];
    return paint(label + dots + nameCell(last.label)) + color.yellow(` ${times}${count}`);
  }

  #row(label: string, node: TreeNode, count: number): void {
    const { color } = this.#terminal;
    const isLeaf = node.children.length === 0 && node.tensors > 0;
    const paint = isLeaf ? (text: string) => text : color.dim;
    const value = node.kind === "scalar" || node.kind === "static" ? short(node.value) : "";
    const shape = node.kind === "tensor" ? formatShape(node.shape!) : value;
    const numbers =
      node.tensors === 0 ? ["", ""] : [formatCount(node.parameters * count), formatBytes(node.bytes * count)];
    this.#rows.push([label, this.#kind(node), shape, ...numbers.map((text) => paint(text))]);
  }

  #kind(node: TreeNode): string {
    const { color } = this.#terminal;
    if (node.dtype !== undefined) return color.green(node.dtype);
    if (node.kind === "none") return color.dim("None");
    if (node.kind === "static") return color.dim("static");
    return color.dim(`${node.kind === "names" ? "names" : node.kind}(${node.children.length})`);
  }
}

function short(value: unknown): string {
  return `= ${typeof value === "string" ? quote(value, 40) : printable(String(value).slice(0, 40))}`;
}
