/** Work on one piece while the next is under way. */

/**
 * What `start` gives for each item, in order; while one is being used, the next is under way. At the end nothing is,
 * not even after an error: whoever used it may close the file, or use its memory again.
 */
export async function* oneAhead<T, R>(
  items: Iterable<T>,
  start: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  let next: Promise<R> | undefined;
  try {
    for (const item of items) {
      const current = next;
      next = start(item);
      next.catch(() => {}); // looked at when its turn comes
      if (current !== undefined) yield await current;
    }
    if (next !== undefined) yield await next;
  } finally {
    await next?.catch(() => {});
  }
}
