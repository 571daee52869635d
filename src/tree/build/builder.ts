/** Puts tensors at their key paths, and what structure metadata says beside them. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { keepShape } from "../../base/keep-shape.ts";
import { quote } from "../../base/quote.ts";
import { type DictKeyValue, type KeyPath, keyOf, type Mark, markOf } from "../keys/keypath.ts";
import { EntryReader, markAt } from "../keys/keystring.ts";
import { type BuildLimits, defaultMaxContainers, MAX_DEPTH, MAX_GAPS, MAX_LIST_LENGTH } from "../limits.ts";
import { tooDeep, tooManyContainers, tooManyGaps, unsupportedKey } from "../messages.ts";
import { Branch, type Twig, witnessOf } from "./branch.ts";

/** A tensor on its way into a tree: its name, or whatever object has one. */
export type Tensorlike = string | { readonly name: string };

/** The name of a tensor. */
export function nameOf(tensor: Tensorlike): string {
  return typeof tensor === "string" ? tensor : tensor.name;
}

/**
 * Puts tensors at their key paths. Linear in tensors and the characters of names: of a name only what differs from the
 * name before it is looked up.
 */
export class TreeBuilder<R extends Tensorlike> {
  readonly #tensors: number;
  readonly #maxDepth: number;
  readonly #maxGaps: number;
  readonly #maxContainers: number;
  #containers = 0;
  #gaps = 0;
  /** The lists whose places are not counted yet. */
  readonly lists: Branch<R>[] = [];
  root: Twig<R> | undefined;
  /** Is told when a name is not in the container that the one before it was in, innermost first. */
  onLeave: ((branch: Branch<R>, parent: Branch<R>) => void) | undefined;
  // The containers on the way to the last name, and where in it the text of their keys ends.
  #last = "";
  readonly #stack: Branch<R>[] = [];
  readonly #entry = new EntryReader();
  readonly #ends: number[] = [0];
  #depth = 0;

  constructor(
    tensors: number,
    {
      maxDepth = MAX_DEPTH,
      maxGaps = MAX_GAPS,
      maxContainers = defaultMaxContainers(tensors),
    }: BuildLimits = {},
  ) {
    this.#tensors = tensors;
    this.#maxDepth = maxDepth;
    this.#maxGaps = maxGaps;
    this.#maxContainers = maxContainers;
  }

  /** Puts a tensor where its key string says. */
  addName(tensor: R): void {
    const name = nameOf(tensor);
    if (name === "") {
      this.addPath(tensor, []);
      return;
    }
    const stack = this.#stack;
    const ends = this.#ends;
    let depth = this.#sharedDepth(name);
    let at = ends[depth]!;
    for (let left = this.#depth; left > depth; left--) this.onLeave?.(stack[left]!, stack[left - 1]!);
    if (depth === 0) stack[0] = this.#rootBranch(tensor);
    let branch = stack[depth]!;
    const entry = this.#entry;
    for (;;) {
      entry.read(name, at);
      at = entry.end;
      if (depth === this.#maxDepth) throw tooDeep(this.#maxDepth, name);
      this.#setMark(branch, entry.mark);
      if (branch.mark !== entry.mark) this.#conflict(tensor, branch);
      if (at === name.length) break;
      branch = this.#step(branch, entry.key, tensor);
      stack[++depth] = branch;
      ends[depth] = at;
    }
    const child = branch.addNew(entry.key, tensor);
    if (child !== undefined) this.#conflict(tensor, child.twig);
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

  /** Puts a tensor at a key path. */
  addPath(tensor: R, path: KeyPath): void {
    if (path.length > this.#maxDepth) throw tooDeep(this.#maxDepth, nameOf(tensor));
    const refuse = (twig: Twig<R>) => this.#conflict(tensor, twig);
    const there = this.addTwig(path, tensor, refuse, tensor);
    if (there !== undefined) refuse(there);
  }

  /**
   * Puts a twig at a key path, and gives what stands there already, if anything does.
   *
   * @param refuse Is told what is in the way there.
   * @param tensor The tensor for whose sake it is done.
   */
  addTwig(
    path: KeyPath,
    twig: Twig<R>,
    refuse: (inTheWay: Twig<R>) => never,
    tensor?: R,
  ): Twig<R> | undefined {
    if (path.length === 0) {
      const there = this.root;
      this.root ??= this.#counted(twig, tensor);
      return there;
    }
    this.root ??= new Branch<R>();
    let at: Twig<R> = this.root;
    for (let depth = 0; depth < path.length; depth++) {
      const entry = path[depth]!;
      if (!(at instanceof Branch)) return refuse(at);
      const mark = markOf(entry) ?? unsupportedKey(path.slice(0, depth), entry);
      this.#setMark(at, mark);
      if (at.mark !== mark) return refuse(at);
      const isLast = depth === path.length - 1;
      const there: Twig<R> | undefined = at.find(keyOf(entry))?.twig;
      if (isLast && there !== undefined) return there;
      at = there ?? at.add(keyOf(entry), this.#counted(isLast ? twig : new Branch<R>(), tensor));
    }
    return undefined;
  }

  /** The tensor at a key path, if there is one. */
  tensorAt(path: KeyPath): R | undefined {
    let twig: Twig<R> | undefined = this.root;
    for (const entry of path) {
      if (!(twig instanceof Branch) || twig.mark !== markOf(entry)) return undefined;
      twig = twig.find(keyOf(entry))?.twig;
    }
    return twig instanceof Branch ? undefined : witnessOf(twig);
  }

  /** Throws `GapLimit` where the lists have too many places that nothing fills. */
  checkGaps(lists: readonly Branch<R>[] = this.lists): void {
    for (const list of lists) {
      let { length } = list;
      for (const { key } of list.children()) length = Math.max(length, (key as number) + 1);
      this.#gaps += length - list.size;
      list.length = length;
      if (this.#gaps > this.#maxGaps || length > MAX_LIST_LENGTH) {
        const witness = witnessOf(list);
        throw tooManyGaps(this.#maxGaps, this.#gaps, witness && nameOf(witness), length);
      }
    }
  }

  #rootBranch(tensor: R): Branch<R> {
    this.root ??= new Branch<R>();
    return this.root instanceof Branch ? this.root : this.#conflict(tensor, this.root);
  }

  /** The container under a key, made if there is none. */
  #step(branch: Branch<R>, key: DictKeyValue, tensor: R): Branch<R> {
    const twig = branch.find(key)?.twig;
    if (twig === undefined) return branch.add(key, this.#counted(new Branch<R>(), tensor));
    return twig instanceof Branch ? twig : this.#conflict(tensor, twig);
  }

  /** Counts a new container, however the tree comes to have it. */
  #counted<T extends Twig<R>>(twig: T, tensor?: R): T {
    if (!(twig instanceof Branch)) return twig;
    if (++this.#containers > this.#maxContainers) {
      throw tooManyContainers(this.#maxContainers, this.#tensors, tensor && nameOf(tensor));
    }
    if (twig.mark === "#") this.lists.push(twig);
    return twig;
  }

  #setMark(branch: Branch<R>, mark: Mark): void {
    if (branch.mark !== undefined) return;
    branch.mark = mark;
    if (mark === "#") this.lists.push(branch);
  }

  /** Throws for a tensor in whose way something is. */
  #conflict(tensor: R, twig: Twig<R>): never {
    const other = witnessOf(twig);
    const name = nameOf(tensor);
    // Sorted, so that the message does not depend on the order of names.
    const [a, b] = (other === undefined ? [name] : [name, nameOf(other)]).sort();
    const [x, y] = [quote(a!), b === undefined ? "structure metadata" : quote(b)];
    throw new Pytree2SafetensorsError(
      "KeyConflict",
      `${x} and ${y} can't be in one tree: a leaf and a container at one place, or two kinds of key under one node; rename one, or load the file as a dict`,
      { tensor: a!, ...(b === undefined ? {} : { found: b }) },
    );
  }
}

// With a tensor in it, so that all classes of a tree in the making are kept.
const kept = new TreeBuilder<string>(1);
kept.addName("a#0");
keepShape(kept);
