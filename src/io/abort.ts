/** Waiting that a signal ends. */
// One listener a signal: Node warns of a leak when a signal has more than ten, and a load has many reads.
const waiting = new WeakMap<EventTarget, Set<() => void>>();

function callBack({ target }: Event): void {
  const callbacks = waiting.get(target!) ?? [];
  waiting.delete(target!);
  // A copy, so that all are called whatever one of them takes back.
  for (const callback of [...callbacks]) callback();
}

/**
 * Calls back when `signal` is aborted, at once if it is already.
 *
 * @returns What to call when it matters no more.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    callback();
    return () => {};
  }
  const callbacks = waiting.get(signal) ?? new Set();
  if (callbacks.size === 0) {
    waiting.set(signal, callbacks);
    signal.addEventListener("abort", callBack, { once: true });
  }
  // Its own function, so that one callback given twice counts twice.
  const own = () => callback();
  callbacks.add(own);
  return () => {
    if (!callbacks.delete(own) || callbacks.size > 0) return;
    signal.removeEventListener("abort", callBack);
    waiting.delete(signal);
  };
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as it is aborted. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const stop = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(stop);
  });
}

/** Waits; rejects with the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const sleeping = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return abortable(sleeping, signal).finally(() => clearTimeout(timer));
}
