/**
 * The deepest nesting, in entries of a key path. Real models stay below 50; every walk of a tree is
 * recursive, and a thousand levels fit in the call stack of every engine, in a worker too.
 */
export const MAX_DEPTH = 1_000;

/**
 * How many containers a tree may have: this many, and as many more as `CONTAINERS_PER_LEAF` says for each leaf. A name
 * of a thousand characters can ask for five hundred containers of its own, at some hundred bytes each; trees of
 * weights have fewer containers than leaves.
 */
export const MAX_CONTAINERS = 100_000;
export const CONTAINERS_PER_LEAF = 16;

/**
 * How many places of lists that no leaf fills are filled with `null` while a tree is built, in all. A key
 * of twelve characters (`#99999999999`) may not cost gigabytes; a million `null`s cost 8 MB.
 */
export const MAX_GAPS = 1_000_000;
