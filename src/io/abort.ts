/** Waiting that a signal ends. */
interface Hub {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

// One listener a signal: Node warns of a leak when a signal has more than ten, and a load has many reads.
const hubs = new WeakMap<AbortSignal, Hub>();

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
  const hub = hubs.get(signal) ?? makeHub(signal);
  // Its own function, so that one callback given twice counts twice.
  const own = () => callback();
  hub.callbacks.add(own);
  return () => {
    if (!hub.callbacks.delete(own) || hub.callbacks.size > 0) return;
    signal.removeEventListener("abort", hub.listener);
    hubs.delete(signal);
  };
}

function makeHub(signal: AbortSignal): Hub {
  const callbacks = new Set<() => void>();
  const listener = () => {
    hubs.delete(signal);
    const waiting = [...callbacks];
    callbacks.clear();
    for (const callback of waiting) callback();
  };
  const hub = { callbacks, listener };
  hubs.set(signal, hub);
  signal.addEventListener("abort", listener, { once: true });
  return hub;
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
