// The first level of a tree from its names alone: it can be shown before the tree is built.
import type { KeyStyleName } from "../../../src/index.ts";

/** A child of the root and how many tensors lie below it. */
export interface OutlineRow {
  readonly label: string;
  readonly tensors: number;
}

// More are not in view at first.
const MOST_ROWS = 200;

/** Groups names by their first key. */
export function outline(names: readonly string[], style: KeyStyleName): readonly OutlineRow[] {
  const ends = SEPARATORS[style];
  const counts = new Map<string, number>();
  for (const name of names) {
    // A mark in front belongs to the first key.
    let end = 1;
    while (end < name.length && !ends.includes(name[end]!)) end++;
    const label = name.slice(0, end);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].slice(0, MOST_ROWS).map(([label, tensors]) => ({ label, tensors }));
}

const SEPARATORS: Readonly<Record<KeyStyleName, string>> = {
  pytree: ".@#",
  dotted: ".",
  slash: "/",
  keystr: ".[",
};
