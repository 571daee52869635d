// The rows of a tree as they are shown: what is unfolded, sorted and found.
import { type Fold, Folder } from "../../../src/cli/trees/fold.ts";
import type { TreeNode } from "../../../src/cli/trees/node.ts";

/** How siblings are ordered. */
export type SortBy = "file" | "name" | "size";

/** A row: a node, or a run of equal layers. */
export interface Row {
  readonly node: TreeNode;
  /** Of a run of equal layers, all of them. */
  readonly run?: readonly TreeNode[];
  readonly level: number;
  /** Whether it can be unfolded, and is. */
  readonly expanded: boolean | undefined;
  readonly position: number;
  readonly siblings: number;
  /** What is unfolded by this row; the same object as long as the tree stands. */
  readonly id: object;
}

/** How a tree is shown. */
export interface RowOptions {
  readonly unfolded: ReadonlySet<object>;
  readonly sort: SortBy;
  /** Shows runs of equal layers as one row. */
  readonly foldEqual: boolean;
}

const NATURAL = new Intl.Collator("en", { numeric: true });

/** The rows of one tree. It remembers which layers are equal. */
export class Rows {
  readonly #root: TreeNode;
  readonly #folder = new Folder();
  readonly #folds = new WeakMap<TreeNode, readonly Fold[]>();
  readonly #runs = new WeakMap<TreeNode, object>();

  constructor(root: TreeNode) {
    this.#root = root;
  }

  /** The rows that are in sight, from the top. */
  list(options: RowOptions): readonly Row[] {
    const rows: Row[] = [];
    this.#children(this.#root, 1, options, rows);
    return rows;
  }

  /** All nodes that have to be unfolded for a tensor to be in sight, from the top; none if it is not there. */
  pathTo(name: string): readonly object[] {
    const path: object[] = [];
    const visit = (node: TreeNode): boolean => {
      if (node.children.length === 0) return node.name === name && node !== this.#root;
      for (const child of node.children) {
        if (child.children.length > 0 ? name.startsWith(child.name) : child.name === name) {
          const run = this.#foldsOf(node).find(({ count, node: first }) => count > 1 && first === child);
          path.push(child);
          if (visit(child)) {
            const member = run ?? this.#runWith(node, child);
            if (member) path.push(this.#runId(member.node));
            return true;
          }
          path.pop();
        }
      }
      return false;
    };
    return visit(this.#root) ? path : [];
  }

  /** Every node that can be unfolded. */
  everything(): Set<object> {
    const all = new Set<object>();
    const visit = (node: TreeNode) => {
      if (node.children.length === 0) return;
      all.add(node);
      for (const { node: first, count } of this.#foldsOf(node)) if (count > 1) all.add(this.#runId(first));
      node.children.forEach(visit);
    };
    visit(this.#root);
    return all;
  }

  #children(node: TreeNode, level: number, options: RowOptions, rows: Row[]): void {
    const folds = options.foldEqual
      ? this.#foldsOf(node)
      : node.children.map((child) => ({ node: child, last: child, count: 1 }));
    const sorted = sortBy(
      folds,
      options.sort,
      ({ node: first }) => first,
      ({ node: first, count }) => first.bytes * count,
    );
    for (const [i, fold] of sorted.entries()) {
      const place = { level, position: i + 1, siblings: sorted.length };
      if (fold.count > 1) this.#run(node, fold, place, options, rows);
      else this.#node(fold.node, place, options, rows);
    }
  }

  #run(parent: TreeNode, { node, count }: Fold, place: Place, options: RowOptions, rows: Row[]): void {
    const at = parent.children.indexOf(node);
    const run = parent.children.slice(at, at + count);
    const id = this.#runId(node);
    const expanded = options.unfolded.has(id);
    rows.push({ node, run, expanded, id, ...place });
    if (!expanded) return;
    const members = sortBy(
      run,
      options.sort,
      (member) => member,
      (member) => member.bytes,
    );
    for (const [i, member] of members.entries()) {
      const inner = { level: place.level + 1, position: i + 1, siblings: run.length };
      this.#node(member, inner, options, rows);
    }
  }

  #node(node: TreeNode, place: Place, options: RowOptions, rows: Row[]): void {
    const expanded = node.children.length > 0 ? options.unfolded.has(node) : undefined;
    rows.push({ node, expanded, id: node, ...place });
    if (expanded) this.#children(node, place.level + 1, options, rows);
  }

  #foldsOf(node: TreeNode): readonly Fold[] {
    const folds = this.#folds.get(node) ?? this.#folder.fold(node.children);
    this.#folds.set(node, folds);
    return folds;
  }

  #runWith(parent: TreeNode, child: TreeNode): Fold | undefined {
    const at = parent.children.indexOf(child);
    return this.#foldsOf(parent).find(({ node, count }) => {
      const first = parent.children.indexOf(node);
      return count > 1 && first <= at && at < first + count;
    });
  }

  #runId(first: TreeNode): object {
    const id = this.#runs.get(first) ?? {};
    this.#runs.set(first, id);
    return id;
  }
}

type Place = Pick<Row, "level" | "position" | "siblings">;

function sortBy<T>(
  items: readonly T[],
  sort: SortBy,
  nodeOf: (item: T) => TreeNode,
  bytesOf: (item: T) => number,
): readonly T[] {
  if (sort === "size") return [...items].sort((a, b) => bytesOf(b) - bytesOf(a));
  if (sort === "name") return [...items].sort((a, b) => NATURAL.compare(nodeOf(a).label, nodeOf(b).label));
  return items;
}

/** The tensors whose names have every word of a search, in the order asked for. */
export function findTensors(root: TreeNode, search: string, sort: SortBy): readonly Row[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found: TreeNode[] = [];
  const visit = (node: TreeNode) => {
    if (node.children.length > 0) node.children.forEach(visit);
    else if (node !== root) {
      const name = (node.name || node.label).toLowerCase();
      if (words.every((word) => name.includes(word))) found.push(node);
    }
  };
  visit(root);
  if (sort === "size") found.sort((a, b) => b.bytes - a.bytes);
  if (sort === "name") found.sort((a, b) => NATURAL.compare(a.name, b.name));
  return found.map((node, i) => ({
    node,
    level: 1,
    expanded: undefined,
    position: i + 1,
    siblings: found.length,
    id: node,
  }));
}
