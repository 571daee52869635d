/** A container in the making. */
import type { DictKeyValue, Mark } from "../keys/keypath.ts";
import type { ContainerRecord } from "../structure/read.ts";

/** What stands in a tree in the making: a tensor, a container, a value that is known already. */
export type Twig<R> = R | Branch<R> | Static;

/** A value that comes from the structure metadata. */
export class Static {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** A key of a container in the making, and what stands under it. */
export interface Child<R> {
  readonly key: DictKeyValue;
  twig: Twig<R>;
  next: Child<R> | undefined;
}

// Most containers are small: to look through a few keys costs less than to make an index of them.
const SMALL = 12;

/**
 * A container in the making. Its children are a linked list, in the order of their coming: a growing array
 * has room for 17 from the start, which for millions of small containers is most of the memory.
 */
export class Branch<R> {
  /** The kind of its keys, once it has any. */
  mark: Mark | undefined;
  first: Child<R> | undefined;
  last: Child<R> | undefined;
  size = 0;
  /** Whether the keys came in ascending order of their UTF-16 units. */
  sorted = true;
  /** How long the list is to be, where that is more than its last index tells. */
  length = 0;
  /** What the structure metadata says of it. */
  record: ContainerRecord | undefined;
  #places: Map<DictKeyValue, Child<R>> | undefined;

  constructor(mark?: Mark) {
    this.mark = mark;
  }

  /**
   * The child of a key. Files are sorted by name, so that a key behind all others is new: that spares most
   * containers a search.
   */
  find(key: DictKeyValue): Child<R> | undefined {
    if (this.#places !== undefined) return this.#places.get(key);
    const last = this.last;
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
  add<T extends Twig<R>>(key: DictKeyValue, twig: T): T {
    const last = this.last;
    this.#append(key, twig, last === undefined || isBehind(key, last.key));
    return twig;
  }

  /** Adds a key, unless it has it: then the child that is in the way is the answer. */
  addNew(key: DictKeyValue, twig: Twig<R>): Child<R> | undefined {
    const last = this.last;
    const behind = last === undefined || isBehind(key, last.key);
    const child = behind && this.sorted ? undefined : this.find(key);
    if (child === undefined) this.#append(key, twig, behind);
    return child;
  }

  #append(key: DictKeyValue, twig: Twig<R>, behind: boolean): void {
    const child: Child<R> = { key, twig, next: undefined };
    const last = this.last;
    if (last === undefined) this.first = child;
    else last.next = child;
    if (!behind) this.sorted = false;
    this.last = child;
    this.size++;
    this.#places?.set(key, child);
  }

  /** The children in the order of their coming. */
  *children(): Generator<Child<R>, void> {
    for (let child = this.first; child !== undefined; child = child.next) yield child;
  }
}

/**
 * A tensor at or below a twig, for messages. What only structure metadata knows has none: it comes when all tensors are
 * there, behind them.
 */
export function witnessOf<R>(twig: Twig<R> | undefined): R | undefined {
  if (twig instanceof Branch) return witnessOf(twig.first?.twig);
  return twig instanceof Static ? undefined : twig;
}

function isBehind(key: DictKeyValue, last: DictKeyValue): boolean {
  return typeof key === typeof last && key > last;
}
