import { setOwn } from "../base/dict.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import {
  DictKey,
  type DictKeyValue,
  equalEntries,
  GetAttrKey,
  type KeyEntry,
  type KeyPath,
  SequenceKey,
} from "./keys/keypath.ts";
import { keystr, repr } from "./keys/keystr.ts";
import { PyTreeContainer } from "./kinds/container.ts";
import type { NodeKind } from "./kinds/kind.ts";
import type { Registration } from "./kinds/registry.ts";

/** What a container is, without its children. */
export interface NodeData {
  /** `"keyed"` is a container of which only the keys are known: see `rekey`. */
  readonly kind: NodeKind | "keyed";
  /** Keys of the children: strings of a dict or attributes, any key of a Map; none for lists. */
  readonly keys?: readonly DictKeyValue[];
  /** Keys of the children of a registered class. */
  readonly entries?: readonly KeyEntry[];
  /** What an object is made from. */
  readonly prototype?: object | null;
  /** What a registered class keeps besides its children. */
  readonly aux?: unknown;
}

/**
 * The structure of a tree: its containers and keys, without the leaves. What {@link treeFlatten} gives and
 * {@link treeUnflatten} takes.
 */
export class TreeDef {
  /** @internal */
  readonly node: NodeData;
  /** @internal */
  readonly children: readonly TreeDef[];
  /** How many leaves a tree of this structure has. */
  readonly numLeaves: number;
  /** How many nodes it has: leaves, containers and `None`s. */
  readonly numNodes: number;

  /** @internal */
  constructor(node: NodeData, children: readonly TreeDef[]) {
    let numLeaves = node.kind === "leaf" ? 1 : 0;
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

  /** Whether `other` is the same structure; the order of dict keys and attributes does not count. */
  equals(other: TreeDef): boolean {
    return this === other || equalDefs(this, other);
  }

  /** The structure as JAX prints it, `PyTreeDef({'w': *, 'b': [*, None]})`. */
  toString(): string {
    return `PyTreeDef(${spell(this)})`;
  }
}

export const LEAF = new TreeDef({ kind: "leaf" }, []);
export const NULL = new TreeDef({ kind: "none" }, []);
/** `None` as well, but it comes back as `undefined`. */
export const UNDEFINED = new TreeDef({ kind: "none" }, []);

/** The entry that steps to child `i`. */
export function childEntry({ kind, keys, entries }: NodeData, i: number): KeyEntry {
  if (entries !== undefined) return entries[i]!;
  if (keys === undefined) return new SequenceKey(i);
  return kind === "attrs" ? new GetAttrKey(String(keys[i])) : new DictKey(keys[i]!);
}

/** The key path of leaf `index`, found by counting. */
export function leafPath(def: TreeDef, index: number): KeyPath {
  const path: KeyEntry[] = [];
  let skip = index;
  for (let at = def; at.node.kind !== "leaf"; ) {
    let i = 0;
    while (i < at.children.length && skip >= at.children[i]!.numLeaves) skip -= at.children[i++]!.numLeaves;
    if (i === at.children.length) throw new RangeError(`no leaf ${index}`);
    path.push(childEntry(at.node, i));
    at = at.children[i]!;
  }
  return path;
}

/**
 * Puts leaves into a structure: the inverse of {@link treeFlatten}.
 *
 * @throws `StructureMismatch` where there are more or fewer leaves than the structure has.
 */
export function treeUnflatten<T = unknown>(treedef: TreeDef, leaves: Iterable<unknown>): T {
  const all = Array.isArray(leaves) ? (leaves as unknown[]) : [...leaves];
  if (all.length !== treedef.numLeaves) {
    const [expected, found] = [`${treedef.numLeaves} leaves`, String(all.length)];
    throw new Pytree2SafetensorsError("StructureMismatch", `expected ${expected}, found ${found}`, {
      expected,
      found,
    });
  }
  let next = 0;
  const build = (def: TreeDef): unknown => {
    if (def.node.kind === "leaf") return all[next++];
    if (def.node.kind === "none") return def === UNDEFINED ? undefined : null;
    return makeNode(
      def.node,
      def.children.map((child) => (child === LEAF ? all[next++] : build(child))),
    );
  };
  return build(treedef) as T;
}

/** A container of the given children. */
export function makeNode(node: NodeData, children: unknown[]): unknown {
  const { kind, keys = [], entries = [], prototype = null, aux } = node;
  if (typeof kind === "object") return kind.unflatten(aux, children, entries);
  if (kind === "list") return children;
  if (kind === "map") return new Map(keys.map((key, i) => [key, children[i]]));
  const object: Record<string, unknown> = prototype === Object.prototype ? {} : Object.create(prototype);
  for (let i = 0; i < keys.length; i++) setOwn(object, keys[i] as string, children[i]);
  return object;
}

function equalDefs(a: TreeDef, b: TreeDef): boolean {
  const [x, y] = [a.node, b.node];
  if (x.kind !== y.kind || a.children.length !== b.children.length) return false;
  if (a.numLeaves !== b.numLeaves || a.numNodes !== b.numNodes) return false;
  if (typeof x.kind === "object") {
    if (!equalEntryLists(x.entries!, y.entries!) || !equalData(x.aux, y.aux)) return false;
  }
  if (x.keys === undefined || y.keys === undefined) {
    return a.children.every((child, i) => child.equals(b.children[i]!));
  }
  const order = matchKeys(x.keys, y.keys);
  return order?.every((at, i) => a.children[i]!.equals(b.children[at]!)) ?? false;
}

/** Whether two registered objects have the same keys in the same order. */
export function equalEntryLists(a: readonly KeyEntry[], b: readonly KeyEntry[]): boolean {
  return a.length === b.length && a.every((entry, i) => equalEntries(entry, b[i]!));
}

/** For each of `keys` its place in `others`, or `undefined` where they are not the same set. */
export function matchKeys(
  keys: readonly DictKeyValue[],
  others: readonly DictKeyValue[],
): readonly number[] | undefined {
  if (keys.length !== others.length) return undefined;
  if (keys.every((key, i) => key === others[i])) return keys.map((_, i) => i);
  const places = new Map(others.map((key, i) => [key, i]));
  const order = keys.map((key) => places.get(key) ?? -1);
  return order.includes(-1) ? undefined : order;
}

/** Whether two pieces of static data are the same value: equal JSON, or else the same object. */
export function equalData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalData(item, b[i]));
  }
  const prototype: unknown = Object.getPrototypeOf(a);
  if (prototype !== Object.getPrototypeOf(b) || (prototype !== Object.prototype && prototype !== null)) {
    return false;
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return keys.every((key) => Object.hasOwn(y, key) && equalData(x[key], y[key]));
}

/** A structure as JAX prints it. */
export function spell({ node, children }: TreeDef): string {
  const { kind, keys } = node;
  if (kind === "leaf") return "*";
  if (kind === "none") return "None";
  const parts = children.map(spell);
  if (kind === "list") return `[${parts.join(", ")}]`;
  if (kind === "dict" || kind === "map") {
    const body = `{${parts.map((part, i) => `${repr(keys![i]!)}: ${part}`).join(", ")}}`;
    return kind === "map" ? `Map(${body})` : body;
  }
  const name = typeof kind === "object" ? className(kind) : PyTreeContainer.name;
  return `${name}(${parts.map((part, i) => `${keystr([childEntry(node, i)])}: ${part}`).join(", ")})`;
}

/** What to call a registered class in messages. */
export function className(registration: Registration): string {
  return registration.name ?? registration.className;
}
