/** The one walk down a tree: to its leaves, their names, its structure, as far as they are wanted. */
import { setOwn } from "../base/dict.ts";
import type { Pytree2SafetensorsError } from "../base/errors.ts";
import { keepShape } from "../base/keep-shape.ts";
import { type KeyEntry, type KeyPath, keyOf, markOf } from "./keys/keypath.ts";
import { beginEntry, isPlainName } from "./keys/keystring.ts";
import { type Kind, kindOf, type Node } from "./kinds/kind.ts";
import { refuseUnseen } from "./kinds/unseen.ts";
import { MAX_DEPTH } from "./limits.ts";
import { errorAt, placeOf, tooDeep, tooManyGaps, unsupportedKey } from "./messages.ts";
import { type LikeKinds, likeBelow, type RekeyOptions, rekeyed, writtenMark } from "./rekey.ts";
import { isNone, LEAF, NULL, TreeDef, UNDEFINED } from "./treedef.ts";

/** Options of the functions that take a tree apart. */
export interface FlattenOptions {
  /** Stops the descent: whatever it returns true for is a leaf, be it a container or `null`. */
  readonly isLeaf?: ((value: unknown) => boolean) | undefined;
  /** The deepest nesting that is followed, {@link MAX_DEPTH} by default. */
  readonly maxDepth?: number | undefined;
}

/** Options of a walk. */
export interface WalkOptions extends FlattenOptions {
  /** Asked once of each object before it is opened; what it returns, unless `undefined`, is carried as the leaf. */
  readonly takeLeaf?: ((value: object) => unknown) | undefined;
  /** How many elements of lists may be `null` in all; no limit by default. */
  readonly maxGaps?: number | undefined;
}

/** What a walk collects besides the leaves. */
export interface WalkResults {
  /** The structure. */
  readonly def?: boolean;
  /** Key strings, with keys of these kinds. */
  readonly names?: RekeyOptions | undefined;
  /** Names that the leaves may well have, in their order: equal ones are kept in place of new ones, which die young. */
  readonly likely?: readonly { readonly name: string }[] | undefined;
  /** Takes the leaves under their key strings in place of {@link Walk.named}: a list of names first is 1.5 × at 10^5. */
  readonly dict?: Record<string, unknown> | undefined;
}

/** A leaf and its name. */
export interface NamedLeaf {
  readonly name: string;
  readonly leaf: unknown;
}

/** A walk down a tree, for one tree. */
export class Walk {
  /** The leaves, where no names are wanted. */
  readonly leaves: unknown[] = [];
  /** The leaves with their key strings, where those are wanted. */
  readonly named: NamedLeaf[] = [];
  /** How many leaves there are. */
  count = 0;
  /**
   * Whether some key string may read as another path, or stand twice: a name contains a separator, a key is not a
   * string, a class gave the keys. False is certain.
   */
  odd = false;
  /** Whether a leaf's path starts with an attribute of the empty name. */
  startsEmpty = false;
  /** How many containers there are. */
  containers = 0;
  readonly #takeLeaf: ((value: object) => unknown) | undefined;
  readonly #isLeaf: ((value: unknown) => boolean) | undefined;
  readonly #maxDepth: number;
  readonly #maxGaps: number;
  #gaps = 0;
  readonly #keepsDef: boolean;
  readonly #spells: boolean;
  readonly #likely: WalkResults["likely"];
  readonly #dict: Record<string, unknown> | undefined;
  readonly #objects: RekeyOptions["objects"];
  readonly #like: LikeKinds | undefined;
  // The containers from the root to where the walk is, and the child that it is at in each.
  readonly #values: object[] = [];
  readonly #nodes: Node[] = [];
  readonly #at: number[] = [];
  #depth = 0;
  readonly #pathHere = (): KeyPath => this.#path(this.#depth);

  constructor(
    { takeLeaf, isLeaf, maxDepth = MAX_DEPTH, maxGaps = Number.POSITIVE_INFINITY }: WalkOptions,
    { def = false, names, likely, dict }: WalkResults,
  ) {
    this.#takeLeaf = takeLeaf;
    this.#isLeaf = isLeaf;
    this.#maxDepth = maxDepth;
    this.#maxGaps = maxGaps;
    this.#keepsDef = def;
    this.#likely = likely;
    this.#dict = dict;
    this.#spells = names !== undefined;
    this.#objects = names?.objects;
    this.#like = names?.like;
  }

  /** Walks a tree, and gives its structure if that is wanted. */
  down(tree: unknown): TreeDef {
    const named = this.#spells || this.#maxGaps < Number.POSITIVE_INFINITY;
    return this.#visit(tree, named ? "" : undefined, this.#like, 0, undefined);
  }

  /**
   * @param name The key string up to here; `undefined` below a key that has none.
   * @param anchor The ancestor that the containers below are compared with to find cycles.
   * @param twin A structure that this one may well be the same as: then that one is taken again. The layers of a network
   *   are one structure, whose copies would be most of the memory.
   */
  #visit(
    value: unknown,
    name: string | undefined,
    like: LikeKinds | undefined,
    depth: number,
    anchor: unknown,
    twin?: TreeDef,
  ): TreeDef {
    if (typeof value === "object" && value !== null) {
      const taken = this.#takeLeaf?.(value);
      if (taken !== undefined) return this.#leaf(taken, name, depth);
      const kind = this.#isLeaf?.(value) ? undefined : kindOf(value);
      if (kind === undefined) return this.#leaf(value, name, depth);
      if (value === anchor) throw this.#circular(value, depth);
      return this.#container(value, kind, name, like, depth, anchor, twin);
    }
    if ((value !== null && value !== undefined) || this.#isLeaf?.(value))
      return this.#leaf(value, name, depth);
    return value === null ? NULL : UNDEFINED;
  }

  #leaf(leaf: unknown, name: string | undefined, depth: number): TreeDef {
    this.count++;
    if (!this.#spells) this.leaves.push(leaf);
    else {
      let known = name ?? this.#unspellable(depth);
      const likely = this.#likely?.[this.count - 1]?.name;
      if (likely === known) known = likely;
      if (this.#dict === undefined) this.named.push({ name: known, leaf });
      // From the second key on a name has a mark in it, which no inherited name has.
      else if (depth > 1) this.#dict[known] = leaf;
      else setOwn(this.#dict, known, leaf);
    }
    return LEAF;
  }

  #container(
    value: object,
    kind: Kind,
    name: string | undefined,
    like: LikeKinds | undefined,
    depth: number,
    anchor: unknown,
    twin: TreeDef | undefined,
  ): TreeDef {
    this.containers++;
    this.#depth = depth;
    // What goes into a file must not lose anything on the way; a class says itself what counts.
    if (name !== undefined && kind.mark !== undefined) refuseUnseen(value, this.#pathHere);
    const [node, values] = kind.open(value, this.#pathHere);
    const { length } = values;
    if (depth >= this.#maxDepth && length > 0) {
      throw this.#circular(value, depth) ?? tooDeep(this.#maxDepth, this.#path(depth));
    }
    this.#values[depth] = value;
    this.#nodes[depth] = node;
    // Brent's way: the anchor moves down at each power of two, so that one comparison a container is enough and no
    // cycle is gone around a third time.
    const next = (depth & (depth - 1)) === 0 ? value : anchor;
    const children = this.#keepsDef ? new Array<TreeDef>(length) : undefined;
    const mark = writtenMark(node, this.#objects);
    if (name !== undefined && (mark === undefined || like !== undefined)) {
      this.#rekeyed(node, values, children, name, like, depth, next);
    } else {
      const { keys } = node;
      const start = name === undefined ? undefined : beginEntry(name, mark!, depth === 0);
      for (let i = 0; i < length; i++) {
        this.#at[depth] = i;
        let childName: string | undefined;
        if (start !== undefined) {
          const key = keys === undefined ? i : keys[i]!;
          if (keys !== undefined && !(typeof key === "string" && isPlainName(key))) this.odd = true;
          childName = start + String(key);
        }
        const before = this.count;
        const child = this.#visit(
          values[i],
          childName,
          undefined,
          depth + 1,
          next,
          twinOf(i, twin, children),
        );
        if (mark === "#" && isNone(child)) this.#addGaps(1, depth, length);
        if (children !== undefined) children[i] = child;
        if (childName === "" && this.count > before) this.startsEmpty = this.odd = true;
      }
    }
    if (children === undefined) return LEAF;
    return twin !== undefined && isMadeOf(twin, node, children) ? twin : new TreeDef(node, children);
  }

  /** The children of a container whose keys may each have another mark. */
  #rekeyed(
    node: Node,
    values: readonly unknown[],
    children: TreeDef[] | undefined,
    name: string,
    like: LikeKinds | undefined,
    depth: number,
    anchor: unknown,
  ): void {
    const entries = rekeyed(node, values.length, like, this.#objects);
    this.odd = true;
    let length = 0;
    let filled = 0;
    values.forEach((value, i) => {
      this.#at[depth] = i;
      const entry = entries?.[i] ?? node.kind.entry(node, i);
      const mark = markOf(entry);
      const childName = mark && beginEntry(name, mark, depth === 0) + String(keyOf(entry));
      const before = this.count;
      const child = this.#visit(value, childName, likeBelow(like, entry), depth + 1, anchor);
      if (children !== undefined) children[i] = child;
      if (childName === "" && this.count > before) this.startsEmpty = true;
      if (entry.kind === "sequence") length = Math.max(length, entry.idx + 1);
      if (!isNone(child)) filled++;
    });
    if (length > 0) this.#addGaps(length - filled, depth, length);
  }

  #addGaps(count: number, depth: number, length: number): void {
    this.#gaps += count;
    if (this.#gaps <= this.#maxGaps) return;
    throw tooManyGaps(this.#maxGaps, this.#gaps, this.#path(depth), length);
  }

  #path(depth: number): KeyEntry[] {
    return this.#nodes.slice(0, depth).map((node, i) => node.kind.entry(node, this.#at[i]!));
  }

  /** Throws for a leaf below a key that has no key string. */
  #unspellable(depth: number): never {
    const path = this.#path(depth);
    const at = path.findIndex((entry) => markOf(entry) === undefined);
    unsupportedKey(path.slice(0, at), path[at]);
  }

  /** The error for a container that is its own ancestor, named where the cycle closes for the first time. */
  #circular(value: object, depth: number): Pytree2SafetensorsError | undefined {
    const line = [...this.#values.slice(0, depth), value];
    const at = line.findIndex((ancestor, i) => line.indexOf(ancestor) < i);
    if (at === -1) return undefined;
    const same = placeOf(this.#path(line.indexOf(line[at]!)));
    const message = (place: string) => `the tree contains itself: ${place} is the same object as ${same}`;
    return errorAt("CircularTree", this.#path(at), message, { found: same });
  }
}

/** What child `i` may well be the same as: that child of the container's own twin, or else the child before it. */
function twinOf(
  i: number,
  twin: TreeDef | undefined,
  children: readonly TreeDef[] | undefined,
): TreeDef | undefined {
  if (twin !== undefined && i < twin.children.length) return twin.children[i];
  return i > 0 ? children?.[i - 1] : undefined;
}

/** Whether a structure is a container of this very node and these very children. */
function isMadeOf(def: TreeDef, node: Node, children: readonly TreeDef[]): boolean {
  const { kind, keys, data } = def.node ?? {};
  if (kind !== node.kind || data !== node.data) return false;
  return sameItems(keys, node.keys) && sameItems(def.children, children);
}

function sameItems(a: readonly unknown[] = [], b: readonly unknown[] = []): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

keepShape(new Walk({}, {}));
