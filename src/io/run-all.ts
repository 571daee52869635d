/** Runs a task for each of many items, a few at once, and stops starting when one fails. */

/**
 * Gives the results in the order of the items.
 *
 * @param atOnce How many tasks run at once.
 * @throws What the first task to fail threw, once those under way have ended; later items are not started.
 */
export async function runAll<T, R>(
  items: readonly T[],
  atOnce: number,
  task: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await task(items[index]!, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  if (failures.length > 0) throw failures[0];
  return results;
}
