/**
 * The deepest nesting, in entries of a key path. Real models stay below 50; every walk of a tree is
 * recursive, and a thousand levels fit in the call stack of every engine, in a worker too.
 */
export const MAX_DEPTH = 1_000;

/**
 * How many places of lists that no leaf fills are filled with `null` while a tree is built, in all. A key
 * of twelve characters (`#99999999999`) may not cost gigabytes; a million `null`s cost 8 MB.
 */
export const MAX_GAPS = 1_000_000;

/** The longest array that JavaScript has. An index from here on would be a property, not an element. */
export const MAX_LIST_LENGTH = 2 ** 32 - 1;

/** The longest bigint in structure metadata, in digits: none is longer in earnest, and reading them takes quadratic time. */
export const MAX_BIGINT_DIGITS = 1_000;

/** Limits of trees. Saving and loading have the same ones, so that whatever is saved can be loaded. */
export interface BuildLimits {
  /** The maximum depth; 1,000 by default. */
  readonly maxDepth?: number | undefined;
  /** The maximum number of containers; by default 100,000, plus 16 for each leaf. */
  readonly maxContainers?: number | undefined;
  /** The maximum number of `null`s that fill gaps in lists; 1,000,000 by default. */
  readonly maxGaps?: number | undefined;
}

/**
 * How many containers a tree of so many tensors may have by default. A name of a thousand characters can ask for five
 * hundred containers of its own, at some hundred bytes each; trees of weights have fewer containers than leaves.
 */
export function defaultMaxContainers(tensors: number): number {
  return 100_000 + 16 * tensors;
}
