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
