// How two checkpoints differ: first by their headers, then tensor by tensor in their values.

import { pairNames } from "../../../src/cli/trees/pairs.ts";
import { findMoved } from "../../../src/cli/values/moved.ts";
import type { KeyStyleName, SafetensorsFile, TensorInfo } from "../../../src/index.ts";
import { compareTensors } from "../numbers/compute.ts";
import type { ComparedPair } from "../numbers/protocol.ts";

/** What happened to a tensor on the way from `a` to `b`. */
export type ChangeKind =
  | "added"
  | "removed"
  | "moved"
  | "retyped"
  | "reshaped"
  | "changed"
  | "same"
  | "unread";

/** A tensor of either side, or of both. */
export interface Change {
  readonly kind: ChangeKind;
  /** Its name in `a`; in `b` where only that has it. */
  readonly name: string;
  /** Its name in `b`, where that is another: it moved, or names are spelled in another key style. */
  readonly to?: string;
  readonly a?: TensorInfo;
  readonly b?: TensorInfo;
  /** How the values differ, once they were read. */
  readonly values?: ComparedPair;
}

/** The two open files, and how their names spell key paths. */
export interface Sides {
  readonly a: SafetensorsFile;
  readonly b: SafetensorsFile;
  readonly styles: readonly [a: KeyStyleName, b: KeyStyleName];
}

/** What the headers say; of tensors with equal dtypes and shapes the values are still unread. */
export function compareHeaders({ a, b, styles }: Sides): readonly Change[] {
  const { pairs, onlyA, onlyB } = pairNames(a.names, b.names, { styles });
  const both = pairs.map((pair): Change => {
    const [infoA, infoB] = [a.info(pair.a), b.info(pair.b)];
    const reshaped = String(infoA.shape) !== String(infoB.shape);
    const kind = reshaped ? "reshaped" : infoA.dtype === infoB.dtype ? "unread" : "retyped";
    return { kind, name: pair.a, ...(pair.a !== pair.b && { to: pair.b }), a: infoA, b: infoB };
  });
  const removed = onlyA.map((name): Change => ({ kind: "removed", name, a: a.info(name) }));
  const added = onlyB.map((name): Change => ({ kind: "added", name, b: b.info(name) }));
  return [...both, ...removed, ...added];
}

/** Finds tensors that only changed their names, and joins the two changes that each of them is into one. */
export async function joinMoved(
  changes: readonly Change[],
  { a, b }: Sides,
  signal: AbortSignal,
): Promise<readonly Change[]> {
  const namesOf = (kind: ChangeKind) =>
    changes.filter((change) => change.kind === kind).map(({ name }) => name);
  const moves = await findMoved(a, b, namesOf("removed"), namesOf("added"), signal);
  if (moves.length === 0) return changes;
  const to = new Map(moves.map((move) => [move.from, move.to]));
  const come = new Set(to.values());
  return changes.flatMap((change): Change[] => {
    if (change.kind === "added" && come.has(change.name)) return [];
    const target = change.kind === "removed" ? to.get(change.name) : undefined;
    return target === undefined ? [change] : [{ ...change, kind: "moved", to: target, b: b.info(target) }];
  });
}

/** Whether the values of a change can be compared: both are there, of one shape. */
export function isComparable({ kind }: Change): boolean {
  return kind === "unread" || kind === "retyped";
}

/** Reads both tensors of a change and compares their values. */
export async function compareValues(change: Change, { a, b }: Sides, signal: AbortSignal): Promise<Change> {
  const { name, to = name } = change;
  const values = await compareTensors({ file: a, name }, { file: b, name: to }, { signal });
  const kind = change.kind === "retyped" ? "retyped" : values.identical ? "same" : "changed";
  return { ...change, kind, values };
}

/** What changes can be sorted by. */
export type SortBy = "max" | "mean" | "relative" | "cosine" | "name";

const NATURAL = new Intl.Collator("en", { numeric: true });
const ORDER: readonly ChangeKind[] = [
  "reshaped",
  "removed",
  "added",
  "moved",
  "changed",
  "retyped",
  "unread",
  "same",
];

/** Sorts by how much changed, the most first; what has no numbers stands before, what is the same at the end. */
export function sortChanges(changes: readonly Change[], by: SortBy): readonly Change[] {
  const amount = ({ values }: Change) => {
    if (!values) return Number.NaN;
    if (by === "cosine") return 1 - values.cosine;
    return by === "mean" ? values.meanAbs : by === "relative" ? values.maxRel : values.maxAbs;
  };
  const group = ({ kind }: Change) => (kind === "retyped" ? ORDER.indexOf("changed") : ORDER.indexOf(kind));
  return [...changes].sort((x, y) => {
    if (by === "name") return NATURAL.compare(x.name, y.name);
    if (group(x) !== group(y)) return group(x) - group(y);
    const [p, q] = [amount(x), amount(y)];
    // NaN in one of the two tensors is the greatest change of all.
    if (Number.isNaN(p) || Number.isNaN(q)) return Number(Number.isNaN(q)) - Number(Number.isNaN(p));
    return q - p || NATURAL.compare(x.name, y.name);
  });
}
