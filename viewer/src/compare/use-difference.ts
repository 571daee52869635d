// Compares two files bit by bit: headers at once, moves and values as they are read.
import { useEffect, useRef, useState } from "preact/hooks";
import {
  type Change,
  compareHeaders,
  compareValues,
  isComparable,
  joinMoved,
  type Sides,
} from "./difference.ts";

/** What is known so far, and how far the reading is. */
export interface DifferenceState {
  readonly changes: readonly Change[];
  readonly read: number;
  readonly total: number;
  readonly running: boolean;
  readonly error: unknown;
  start(): void;
  stop(): void;
}

// More is read only when the person asks for it.
const AUTOMATIC_BYTES = 2 * 2 ** 30;
// Rows are sorted anew this often while values come in.
const UPDATE_MS = 250;

/** Runs the comparison and keeps what it has found. */
export function useDifference(sides: Sides): DifferenceState {
  const [state, setState] = useState(() => firstState(sides));
  const abort = useRef<AbortController | undefined>(undefined);
  const latest = useRef(state);
  const set = (next: Partial<typeof state>) => {
    latest.current = { ...latest.current, ...next };
    setState(latest.current);
  };
  const start = () => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    set({ running: true, error: undefined });
    run(
      sides,
      latest.current.changes,
      controller.signal,
      (next) => !controller.signal.aborted && set(next),
    ).then(
      () => !controller.signal.aborted && set({ running: false }),
      (error: unknown) => !controller.signal.aborted && set({ running: false, error }),
    );
  };
  const stop = () => {
    abort.current?.abort();
    set({ running: false });
  };
  useEffect(() => {
    set(firstState(sides));
    if (latest.current.total <= AUTOMATIC_BYTES) start();
    return () => abort.current?.abort();
  }, [sides]);
  return { ...state, start, stop };
}

function firstState(sides: Sides) {
  const changes = compareHeaders(sides);
  const total = changes.filter(isComparable).reduce((sum, change) => sum + bytesOf(change), 0);
  return { changes, read: 0, total, running: false, error: undefined as unknown };
}

async function run(
  sides: Sides,
  known: readonly Change[],
  signal: AbortSignal,
  update: (state: { readonly changes?: readonly Change[]; readonly read?: number }) => void,
): Promise<void> {
  const changes = [...(await joinMoved(known, sides, signal))];
  update({ changes: [...changes] });
  let read = 0;
  let updated = performance.now();
  for (const [i, change] of changes.entries()) {
    if (!isComparable(change)) continue;
    if (change.values === undefined) changes[i] = await compareValues(change, sides, signal);
    signal.throwIfAborted();
    read += bytesOf(change);
    if (performance.now() - updated < UPDATE_MS) continue;
    updated = performance.now();
    update({ changes: [...changes], read });
  }
  update({ changes, read });
}

function bytesOf({ a, b }: Change): number {
  return (a?.byteLength ?? 0) + (b?.byteLength ?? 0);
}
