/** Runs of equal siblings in a tree. */
import type { TreeNode } from "./node.ts";

/** Some siblings that are shown as one: a single node, or a run of equal ones. */
export interface Fold {
  readonly node: TreeNode;
  /** The last of the run; the node itself where there is no run. */
  readonly last: TreeNode;
  readonly count: number;
}

// Two equal layers fold, for each stands for many lines; two equal tensors are as short unfolded.
const MIN_LAYERS = 2;
const MIN_TENSORS = 3;

/** Finds runs of equal siblings: keys that count up by one (`#0`, `#1`; `layer_0`, `layer_1`) over equal subtrees. */
export class Folder {
  readonly #ids = new Map<string, number>();
  readonly #known = new WeakMap<TreeNode, number>();

  fold(children: readonly TreeNode[]): Fold[] {
    const folds: Fold[] = [];
    for (let at = 0; at < children.length; ) {
      const node = children[at]!;
      let end = at + 1;
      while (end < children.length && this.#follows(children[end - 1]!, children[end]!)) end++;
      const count = end - at;
      if (count >= (node.children.length > 0 ? MIN_LAYERS : MIN_TENSORS))
        folds.push({ node, last: children[end - 1]!, count });
      else for (const child of children.slice(at, end)) folds.push({ node: child, last: child, count: 1 });
      at = end;
    }
    return folds;
  }

  #follows(a: TreeNode, b: TreeNode): boolean {
    const [x, y] = [countOf(a.label), countOf(b.label)];
    return (
      x !== undefined &&
      y !== undefined &&
      x.stem === y.stem &&
      y.number === x.number + 1 &&
      this.#id(a) === this.#id(b)
    );
  }

  /** The same number for equal subtrees, whatever their own labels. */
  #id(node: TreeNode): number {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const children = node.children.map((child) => [child.label, this.#id(child)]);
    const value = node.value === undefined ? "" : String(node.value);
    const signature = JSON.stringify([node.kind, node.dtype, node.shape, value, children]);
    const id = this.#ids.get(signature) ?? this.#ids.size;
    this.#ids.set(signature, id);
    this.#known.set(node, id);
    return id;
  }
}

function countOf(label: string): { stem: string; number: number } | undefined {
  const match = /^(.*?)(0|[1-9]\d{0,14})(\]?)$/s.exec(label);
  return match ? { stem: `${match[1]}${match[3]}`, number: Number(match[2]) } : undefined;
}
