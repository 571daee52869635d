import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { keepShape } from "../../base/keep-shape.ts";
import { type DictKeyValue, type KeyPath, keyOf, type Mark, markOf } from "../keys/keypath.ts";
import { entryEnd, markAt, parseIndex } from "../keys/keystring.ts";
import { CONTAINERS_PER_LEAF, MAX_CONTAINERS, MAX_DEPTH, MAX_GAPS } from "../limits.ts";
import { quote, tooDeep, unsupportedKey } from "../messages.ts";
import type { ContainerRecord } from "../structure/read.ts";

/** Limits of a tree that is built from key strings. */
export interface BuildLimits {
  /** The deepest nesting, {@link MAX_DEPTH} by default. */
  readonly maxDepth?: number | undefined;
  /** How many containers the tree may have; 100,000 and 16 for each leaf by default. */
  readonly maxContainers?: number | undefined;
  /** How many places of lists are filled with `null` in all, {@link MAX_GAPS} by default. */
  readonly maxGaps?: number | undefined;
}

/** What stands in a tree in the making: the number of a leaf, a container, a value that is known already. */
export type Twig = number | Branch | Static;

/** A value that comes from the structure metadata. */
export class Static {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** A key of a container in the making, and what stands under it. */
export interface Child {
  readonly key: DictKeyValue;
  readonly twig: Twig;
  next: Child | undefined;
}

// Most containers are small: to look through a few keys costs less than to make an index of them.
const SMALL = 12;

/**
 * A container in the making. Its children are a linked list, in the order of their coming: a growing array
 * has room for 17 from the start, which for millions of small containers is most of the memory.
 */
export class Branch {
  /** The kind of its keys, once it has any. */
  mark: Mark | undefined;
  /** A leaf below it, for messages; -1 where there is none. */
  readonly witness: number;
  first: Child | undefined;
  size = 0;
  /** Whether the keys came in ascending order of their UTF-16 units. */
  sorted = true;
  /** How long the list is to be, where that is more than its last index tells. */
  length = 0;
  /** What the structure metadata say of it. */
  record: ContainerRecord | undefined;
  #last: Child | undefined;
  #places: Map<DictKeyValue, Child> | undefined;

  constructor(mark: Mark | undefined, witness: number) {
    this.mark = mark;
    this.witness = witness;
  }

  /**
   * The child of a key. Files are sorted by name, so that a key behind all others is new: that spares most
   * containers a search.
   */
  find(key: DictKeyValue): Child | undefined {
    if (this.#places !== undefined) return this.#places.get(key);
    const last = this.#last;
    if (last === undefined || last.key === key) return last;
    if (this.sorted && isBehind(key, last.key)) return undefined;
    if (this.size <= SMALL) {
      let child = this.first;
      while (child !== undefined && child.key !== key && !Object.is(child.key, key)) child = child.next;
      return child;
    }
    this.#places = new Map();
    for (const child of this.children()) this.#places.set(child.key, child);
    return this.#places.get(key);
  }

  /** Adds a key that it does not have. */
  add<T extends Twig>(key: DictKeyValue, twig: T): T {
    const last = this.#last;
    this.#append(key, twig, last === undefined || isBehind(key, last.key));
    return twig;
  }

  /** Adds a key, unless it has it: then the child that is in the way is the answer. */
  addNew(key: DictKeyValue, twig: Twig): Child | undefined {
    const last = this.#last;
    const behind = last === undefined || isBehind(key, last.key);
    const child = behind && this.sorted ? undefined : this.find(key);
    if (child === undefined) this.#append(key, twig, behind);
    return child;
  }

  #append(key: DictKeyValue, twig: Twig, behind: boolean): void {
    const child: Child = { key, twig, next: undefined };
    const last = this.#last;
    if (last === undefined) this.first = child;
    else last.next = child;
    if (!behind) this.sorted = false;
    this.#last = child;
    this.size++;
    this.#places?.set(key, child);
  }

  /** The children in the order of their coming. */
  *children(): Generator<Child, void> {
    for (let child = this.first; child !== undefined; child = child.next) yield child;
  }
}

keepShape(new Branch(undefined, -1));

function isBehind(key: DictKeyValue, last: DictKeyValue): boolean {
  return typeof key === typeof last && key > last;
}

/**
 * Puts leaves, known by number and name, at their key paths. Linear in leaves and the characters of names:
 * of a name only what differs from the name before it is looked up.
 */
export class TreeBuilder {
  readonly #names: readonly string[];
  readonly #maxDepth: number;
  readonly #maxGaps: number;
  readonly #maxContainers: number;
  #containers = 0;
  readonly #lists: Branch[] = [];
  root: Twig | undefined;
  // The containers on the way to the last name, and where in it the text of their keys ends.
  #last = "";
  readonly #stack: Branch[] = [];
  readonly #ends: number[] = [0];
  #depth = 0;

  constructor(
    names: readonly string[],
    {
      maxDepth = MAX_DEPTH,
      maxGaps = MAX_GAPS,
      maxContainers = MAX_CONTAINERS + CONTAINERS_PER_LEAF * names.length,
    }: BuildLimits = {},
  ) {
    this.#names = names;
    this.#maxDepth = maxDepth;
    this.#maxGaps = maxGaps;
    this.#maxContainers = maxContainers;
  }

  /** Puts leaf `i` where its key string says. */
  addName(i: number): void {
    const name = this.#names[i]!;
    if (name === "") {
      this.#addRoot(i);
      return;
    }
    const stack = this.#stack;
    const ends = this.#ends;
    let depth = this.#sharedDepth(name);
    let at = ends[depth]!;
    if (depth === 0) stack[0] = this.#rootBranch(i);
    let branch = stack[depth]!;
    for (;;) {
      const written = markAt(name, at);
      const mark = written ?? ".";
      const start = written === undefined ? at : at + 1;
      at = entryEnd(name, start);
      const key = mark === "#" ? parseIndex(name, start, at) : name.slice(start, at);
      if (depth === this.#maxDepth) throw tooDeep(this.#maxDepth, { tensor: name });
      if (at === name.length) {
        this.#put(branch, mark, key, i);
        break;
      }
      branch = this.#step(branch, mark, key, i);
      stack[++depth] = branch;
      ends[depth] = at;
    }
    this.#depth = depth;
    this.#last = name;
  }

  /** How many of the last name's containers are on the way to this name too. */
  #sharedDepth(name: string): number {
    const last = this.#last;
    const ends = this.#ends;
    let shared = 0;
    let depth = 0;
    while (depth < this.#depth) {
      const end = ends[depth + 1]!;
      if (end >= name.length || markAt(name, end) === undefined) break;
      while (shared < end && last.charCodeAt(shared) === name.charCodeAt(shared)) shared++;
      if (shared < end) break;
      depth++;
    }
    return depth;
  }

  #tooMany(i: number): Pytree2SafetensorsError {
    const tensor = this.#names[i]!;
    return new Pytree2SafetensorsError(
      "DepthLimit",
      `${quote(tensor)}: the names ask for more than ${this.#maxContainers} containers for ${this.#names.length} tensors; raise maxContainers if they are meant to`,
      { tensor, expected: `at most ${this.#maxContainers} containers` },
    );
  }

  /** Puts leaf `i` at a key path. */
  addPath(i: number, path: KeyPath): void {
    if (path.length === 0) {
      this.#addRoot(i);
      return;
    }
    if (path.length > this.#maxDepth) throw tooDeep(this.#maxDepth, { tensor: this.#names[i]! });
    let branch = this.#rootBranch(i);
    path.forEach((entry, depth) => {
      const mark = markOf(entry) ?? unsupportedKey(path.slice(0, depth), entry);
      if (depth === path.length - 1) this.#put(branch, mark, keyOf(entry), i);
      else branch = this.#step(branch, mark, keyOf(entry), i);
    });
  }

  /**
   * Puts a value or an empty container at a key path that no leaf is at; containers that are there already stay.
   * Gives what now stands there, or `undefined` where something else is in the way.
   */
  addTwig(path: KeyPath, twig: Static | Branch): Twig | undefined {
    if (path.length === 0) {
      this.root ??= this.#known(twig);
      return this.root;
    }
    this.root ??= new Branch(undefined, -1);
    let branch: Twig = this.root;
    for (let depth = 0; ; depth++) {
      if (!(branch instanceof Branch)) return undefined;
      const mark = markOf(path[depth]!);
      const key = keyOf(path[depth]!);
      this.#setMark(branch, mark!);
      if (branch.mark !== mark) return undefined;
      const child = branch.find(key);
      if (depth === path.length - 1) return child?.twig ?? branch.add(key, this.#known(twig));
      branch = child?.twig ?? branch.add(key, new Branch(undefined, -1));
    }
  }

  /** The leaf at a key path, if there is one. */
  leafAt(path: KeyPath): number | undefined {
    let twig = this.root;
    for (const entry of path) {
      if (!(twig instanceof Branch) || twig.mark !== markOf(entry)) return undefined;
      twig = twig.find(keyOf(entry))?.twig;
    }
    return typeof twig === "number" ? twig : undefined;
  }

  /** Throws `GapLimit` where the lists have too many places that nothing fills. */
  checkGaps(): void {
    let gaps = 0;
    for (const list of this.#lists) {
      let length = list.length;
      for (const { key } of list.children()) length = Math.max(length, (key as number) + 1);
      gaps += length - list.size;
      list.length = length;
      if (gaps > this.#maxGaps) {
        const where = list.witness === -1 ? "structure metadata" : quote(this.#names[list.witness]!);
        throw new Pytree2SafetensorsError(
          "GapLimit",
          `${where}: a list of ${length} has ${list.size} elements; at most ${this.#maxGaps} places of lists are filled with null (maxGaps)`,
          {
            expected: `at most ${this.#maxGaps} gaps`,
            found: `${gaps} gaps`,
            ...(list.witness === -1 ? {} : { tensor: this.#names[list.witness]! }),
          },
        );
      }
    }
  }

  #addRoot(i: number): void {
    if (this.root !== undefined) this.#conflict(i, this.root);
    this.root = i;
  }

  #rootBranch(i: number): Branch {
    this.root ??= new Branch(undefined, i);
    return this.root instanceof Branch ? this.root : this.#conflict(i, this.root);
  }

  #put(branch: Branch, mark: Mark, key: DictKeyValue, i: number): void {
    this.#setMark(branch, mark);
    if (branch.mark !== mark) this.#conflict(i, branch);
    const child = branch.addNew(key, i);
    if (child !== undefined) this.#conflict(i, child.twig);
  }

  #step(branch: Branch, mark: Mark, key: DictKeyValue, i: number): Branch {
    this.#setMark(branch, mark);
    if (branch.mark !== mark) this.#conflict(i, branch);
    const twig = branch.find(key)?.twig;
    if (twig === undefined) {
      if (++this.#containers > this.#maxContainers) throw this.#tooMany(i);
      return branch.add(key, new Branch(undefined, i));
    }
    return twig instanceof Branch ? twig : this.#conflict(i, twig);
  }

  #known<T extends Static | Branch>(twig: T): T {
    if (twig instanceof Branch && twig.mark === "#") this.#lists.push(twig);
    return twig;
  }

  #setMark(branch: Branch, mark: Mark): void {
    if (branch.mark !== undefined) return;
    branch.mark = mark;
    if (mark === "#") this.#lists.push(branch);
  }

  /** Throws for leaf `i`, in whose way something is. */
  #conflict(i: number, twig: Twig): never {
    const other = typeof twig === "number" ? twig : twig instanceof Branch ? twig.witness : -1;
    const name = this.#names[i]!;
    // Sorted, so that the message does not depend on the order of names.
    const [a, b] = (other === -1 ? [name] : [name, this.#names[other]!]).sort();
    const [x, y] = [quote(a!), b === undefined ? "structure metadata" : quote(b)];
    throw new Pytree2SafetensorsError(
      "KeyConflict",
      `${x} and ${y} can't be in one tree: a leaf and a container at one place, or two kinds of key under one node; rename one, or load the file as a dict`,
      { tensor: a!, ...(b === undefined ? {} : { found: b }) },
    );
  }
}

keepShape(new TreeBuilder([]));
