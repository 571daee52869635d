// Small hooks that several views use.
import { useEffect, useRef, useState } from "preact/hooks";

/** What a task is at. */
export interface Task<T> {
  readonly value?: T;
  readonly error?: unknown;
  readonly running: boolean;
}

/**
 * Runs a task again whenever `inputs` change, and aborts the one before: what a person has turned away from is no
 * longer read.
 */
export function useTask<T>(run: (signal: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Task<T> {
  const [task, setTask] = useState<Task<T> & { readonly inputs?: readonly unknown[] }>({ running: true });
  useEffect(() => {
    const abort = new AbortController();
    setTask({ running: true, inputs });
    run(abort.signal).then(
      (value) => !abort.signal.aborted && setTask({ value, running: false, inputs }),
      (error: unknown) => !abort.signal.aborted && setTask({ error, running: false, inputs }),
    );
    return () => abort.abort(new DOMException("no longer wanted", "AbortError"));
  }, inputs);
  // Until the effect has run, the result is still that of other inputs.
  const isCurrent =
    task.inputs?.length === inputs.length && inputs.every((input, i) => input === task.inputs![i]);
  return isCurrent ? task : { running: true };
}

/** A number that is shown often but drawn at most once a frame. */
export function useFrameValue(initial: number): [number, (value: number) => void] {
  const [value, setValue] = useState(initial);
  const pending = useRef<number | undefined>(undefined);
  const set = useRef((next: number) => {
    if (pending.current === undefined) {
      requestAnimationFrame(() => {
        setValue(pending.current!);
        pending.current = undefined;
      });
    }
    pending.current = next;
  });
  return [value, set.current];
}

/** The parts of the address after `#`, as `tensor=layers%230` has them. */
export function useHash(): URLSearchParams {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const update = () => setHash(location.hash);
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return new URLSearchParams(hash.slice(1));
}

/** The address after `#` that shows something by its name. */
export function hashOf(parts: Readonly<Record<string, string>>): string {
  return `#${new URLSearchParams(parts)}`;
}

/** Waits until the browser has painted what was last rendered. */
export function painted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
  });
}
