import { Pytree2SafetensorsError } from "../base/errors.ts";
import { keepShape } from "../base/keep-shape.ts";
import { type DictKeyValue, type KeyEntry, type KeyPath, keyOf } from "./keys/keypath.ts";
import { keystr } from "./keys/keystr.ts";
import { kindOf, type NodeKind } from "./kinds/kind.ts";
import { MAX_DEPTH } from "./limits.ts";
import { tooDeep, unsupportedMapKey } from "./messages.ts";
import { childEntry, LEAF, type NodeData, NULL, TreeDef, UNDEFINED } from "./treedef.ts";

/** Options of the functions that take a tree apart. */
export interface FlattenOptions {
  /** Stops the descent: whatever it returns true for is a leaf, be it a container or `null`. */
  readonly isLeaf?: ((value: unknown) => boolean) | undefined;
  /** The deepest nesting that is followed, {@link MAX_DEPTH} by default. */
  readonly maxDepth?: number | undefined;
}

/**
 * Takes a tree apart into its leaves and its structure. The order is each container's own: of elements, of
 * keys, of what a registered class gives. `null` and `undefined` are nodes without leaves.
 *
 * @throws `CircularTree` for a tree that contains itself, `DepthLimit` for one too deep, `UnsupportedKey` for a Map
 * whose keys are objects.
 * @example
 * ```ts
 * const [leaves, treedef] = treeFlatten({ w: 1, layers: [2, null] }); // [1, 2]
 * treeUnflatten(treedef, leaves); // { w: 1, layers: [2, null] }
 * ```
 */
export function treeFlatten<Leaf = unknown>(
  tree: unknown,
  options: FlattenOptions = {},
): [leaves: Leaf[], treedef: TreeDef] {
  const leaves: Leaf[] = [];
  const flattener = new Flattener(leaves, options.isLeaf, options.maxDepth ?? MAX_DEPTH);
  return [leaves, flattener.visit(tree, 0, undefined, undefined)];
}

/** The leaves of a tree, in the order of {@link treeFlatten}. */
export function treeLeaves<Leaf = unknown>(tree: unknown, options?: FlattenOptions): Leaf[] {
  return treeFlatten<Leaf>(tree, options)[0];
}

/** The structure of a tree. */
export function treeStructure(tree: unknown, options?: FlattenOptions): TreeDef {
  return treeFlatten(tree, options)[1];
}

/** {@link treeFlatten} with the key path of each leaf. */
export function treeFlattenWithPath<Leaf = unknown>(
  tree: unknown,
  options?: FlattenOptions,
): [leaves: [path: KeyPath, leaf: Leaf][], treedef: TreeDef] {
  const [leaves, def] = treeFlatten<Leaf>(tree, options);
  const paths = leafPaths(def);
  return [leaves.map((leaf, i) => [paths[i]!, leaf]), def];
}

/** The leaves of a tree with their key paths. */
export function treeLeavesWithPath<Leaf = unknown>(
  tree: unknown,
  options?: FlattenOptions,
): [path: KeyPath, leaf: Leaf][] {
  return treeFlattenWithPath<Leaf>(tree, options)[0];
}

/** The key paths of all leaves. */
export function leafPaths(def: TreeDef): KeyPath[] {
  const paths: KeyPath[] = [];
  const path: KeyEntry[] = [];
  const visit = (at: TreeDef): void => {
    if (at.node.kind === "leaf") paths.push(path.slice());
    at.children.forEach((child, i) => {
      if (child.numLeaves === 0) return;
      path.push(childEntry(at.node, i));
      visit(child);
      path.pop();
    });
  };
  visit(def);
  return paths;
}

/** A container that is being walked, and the child that the walk is at. */
interface Frame {
  readonly up: Frame | undefined;
  readonly value: object;
  readonly node: NodeData;
  at: number;
}

class Flattener {
  readonly #leaves: unknown[];
  readonly #isLeaf: ((value: unknown) => boolean) | undefined;
  readonly #maxDepth: number;

  constructor(leaves: unknown[], isLeaf: ((value: unknown) => boolean) | undefined, maxDepth: number) {
    this.#leaves = leaves;
    this.#isLeaf = isLeaf;
    this.#maxDepth = maxDepth;
  }

  /** `anchor` is the ancestor that the nodes below are compared with to find cycles. */
  visit(value: unknown, depth: number, up: Frame | undefined, anchor: unknown): TreeDef {
    const kind = this.#isLeaf?.(value) ? "leaf" : kindOf(value);
    if (kind === "leaf") {
      this.#leaves.push(value);
      return LEAF;
    }
    if (kind === "none") return value === undefined ? UNDEFINED : NULL;
    if (value === anchor) throw circular(up, value);
    return this.#container(value as object, kind, depth, up, anchor);
  }

  #container(
    value: object,
    kind: Exclude<NodeKind, "leaf" | "none">,
    depth: number,
    up: Frame | undefined,
    anchor: unknown,
  ): TreeDef {
    const [node, values] = openContainer(value, kind, () => framePath(up));
    if (depth >= this.#maxDepth && values.length > 0)
      throw circular(up, value) ?? tooDeep(this.#maxDepth, { keyPath: keystr(framePath(up)) });
    const next = nextAnchor(depth, value, anchor);
    const frame: Frame = { up, value, node, at: 0 };
    const children = new Array<TreeDef>(values.length);
    for (let i = 0; i < children.length; i++) {
      frame.at = i;
      children[i] = this.visit(values[i], depth + 1, frame, next);
    }
    return new TreeDef(node, children);
  }
}

keepShape(new Flattener([], undefined, MAX_DEPTH));

/**
 * What containers below `value` are compared with to find cycles, Brent's way: the anchor moves down at each power
 * of two, so that one comparison a container is enough and no cycle is gone around a third time.
 */
export function nextAnchor(depth: number, value: unknown, anchor: unknown): unknown {
  return (depth & (depth - 1)) === 0 ? value : anchor;
}

/** A container's keys and children, each child read once. */
export function openContainer(
  value: object,
  kind: Exclude<NodeKind, "leaf" | "none">,
  pathOf: () => KeyPath,
): [NodeData, readonly unknown[]] {
  if (typeof kind === "object") {
    const [pairs, aux] = kind.flatten(value);
    const entries = pairs.map((pair) => pair[0]);
    if (!kind.dataclass) refuseEqualEntries(entries, pathOf);
    return [{ kind, entries, aux }, pairs.map((pair) => pair[1])];
  }
  if (kind === "list") return [LIST, value as unknown[]];
  if (kind === "map") {
    const map = value as ReadonlyMap<DictKeyValue, unknown>;
    const keys = [...map.keys()];
    for (const key of keys) if (!MAP_KEYS.has(typeof key)) unsupportedMapKey(pathOf(), key);
    return [{ kind, keys }, [...map.values()]];
  }
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object);
  const values = new Array<unknown>(keys.length);
  for (let i = 0; i < keys.length; i++) values[i] = object[keys[i]!];
  return [{ kind, keys, prototype: Object.getPrototypeOf(value) }, values];
}

function refuseEqualEntries(entries: readonly KeyEntry[], pathOf: () => KeyPath): void {
  const seen = new Set<string>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const id = `${entry.kind} ${typeof key} ${key}`;
    if (seen.has(id)) {
      const keyPath = keystr([...pathOf(), entry]);
      const message = `flattenWithKeys gives ${keyPath} twice: give each child a key of its own`;
      throw new Pytree2SafetensorsError("DuplicateKey", message, { keyPath });
    }
    seen.add(id);
  }
}

const LIST: NodeData = { kind: "list" };
const MAP_KEYS = new Set<string>(["string", "number", "bigint", "boolean"]);

function framePath(frame: Frame | undefined): KeyPath {
  const path: KeyEntry[] = [];
  for (let at = frame; at !== undefined; at = at.up) path.push(childEntry(at.node, at.at));
  return path.reverse();
}

/** The error for a container that is its own ancestor, named where the cycle closes for the first time. */
function circular(up: Frame | undefined, value: unknown): Pytree2SafetensorsError | undefined {
  const frames: { readonly value: unknown; readonly up: Frame | undefined }[] = [{ value, up }];
  for (let at = up; at !== undefined; at = at.up) frames.push(at);
  const seen = new Map<unknown, Frame | undefined>();
  for (const frame of frames.reverse()) {
    if (!seen.has(frame.value)) {
      seen.set(frame.value, frame.up);
      continue;
    }
    const keyPath = keystr(framePath(frame.up));
    const same = keystr(framePath(seen.get(frame.value))) || "the root";
    return new Pytree2SafetensorsError(
      "CircularTree",
      `the tree contains itself: ${keyPath} is the same object as ${same}`,
      { keyPath, found: same },
    );
  }
  return undefined;
}
