/** The structure of a tree without its leaves. */
import { invalidArgument } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import type { Node } from "./kinds/kind.ts";

/**
 * The structure of a tree: its containers and keys, without the leaves. {@link treeFlatten} returns it, and
 * {@link treeUnflatten} takes it.
 */
export class TreeDef {
  /** The container; leaves and `None`s have none. @internal */
  readonly node: Node | undefined;
  /** @internal */
  readonly children: readonly TreeDef[];
  /** The number of leaves of the tree. */
  readonly numLeaves: number;
  /** The number of nodes: leaves, containers and `None`s. */
  readonly numNodes: number;

  /** @internal */
  constructor(node: Node | undefined, children: readonly TreeDef[], numLeaves = 0) {
    let numNodes = 1;
    for (const child of children) {
      numLeaves += child.numLeaves;
      numNodes += child.numNodes;
    }
    this.node = node;
    this.children = children;
    this.numLeaves = numLeaves;
    this.numNodes = numNodes;
  }

  /** Whether `other` is the same structure. The order of dict keys and attributes doesn't matter. */
  equals(other: TreeDef): boolean {
    return this === other || (other instanceof TreeDef && equalDefs(this, other));
  }

  /** Returns the structure as JAX prints it, such as `PyTreeDef({'w': *, 'b': [*, None]})`. */
  toString(): string {
    return `PyTreeDef(${spellDef(this)})`;
  }
}

export const LEAF = new TreeDef(undefined, [], 1);
export const NULL = new TreeDef(undefined, []);
/** `None` as well, but it comes back as `undefined`. */
export const UNDEFINED = new TreeDef(undefined, []);

/** Whether a node is `None`, which has no leaves and is no container. */
export function isNone(def: TreeDef): boolean {
  return def === NULL || def === UNDEFINED;
}

/**
 * Builds a tree from a structure and its leaves. The inverse of {@link treeFlatten}.
 *
 * @throws `StructureMismatch` if the number of leaves isn't that of the structure.
 * @example
 * ```ts
 * treeUnflatten(treeStructure({ w: 0, b: [0] }), [1, 2]); // { w: 1, b: [2] }
 * ```
 */
export function treeUnflatten<T = unknown>(treedef: TreeDef, leaves: Iterable<unknown>): T {
  if (!(treedef instanceof TreeDef)) throw invalidArgument("treedef", "a TreeDef", treedef);
  if (typeof (leaves as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== "function") {
    throw invalidArgument("leaves", "an iterable", leaves);
  }
  const all = Array.isArray(leaves) ? (leaves as unknown[]) : [...leaves];
  if (all.length !== treedef.numLeaves) {
    const [expected, found] = [`${treedef.numLeaves} leaves`, String(all.length)];
    throw new Pytree2SafetensorsError("StructureMismatch", `expected ${expected}, found ${found}`, {
      expected,
      found,
    });
  }
  let next = 0;
  const make = (def: TreeDef): unknown => {
    if (def === LEAF) return all[next++];
    if (def.node === undefined) return def === UNDEFINED ? undefined : null;
    const children = new Array<unknown>(def.children.length);
    for (let i = 0; i < children.length; i++) children[i] = make(def.children[i]!);
    return def.node.kind.make(def.node, children);
  };
  return make(treedef) as T;
}

function equalDefs(a: TreeDef, b: TreeDef): boolean {
  if (a.children.length !== b.children.length) return false;
  if (a.numLeaves !== b.numLeaves || a.numNodes !== b.numNodes) return false;
  const x = a.node;
  const y = b.node;
  if (x === undefined || y === undefined) return x === y;
  if (x.kind !== y.kind) return false;
  const order = x.kind.pair(x, y);
  if (order === undefined) return false;
  return a.children.every((child, i) => child.equals(b.children[order === "same" ? i : order[i]!]!));
}

/** A structure as JAX prints it. */
function spellDef(def: TreeDef): string {
  if (def.node === undefined) return def === LEAF ? "*" : "None";
  return def.node.kind.spell(def.node, def.children.map(spellDef));
}
