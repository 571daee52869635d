/**
 * Runs a task for each of many items, a few at once. When one fails, no more are started, and those under way are waited
 * for.
 *
 * @param fail What throws the failures, the first of them first; by default the first is thrown.
 */
export async function runAll<T>(
  items: Iterable<T>,
  atOnce: number,
  task: (item: T) => Promise<void>,
  fail?: (failures: readonly unknown[]) => void,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const work = async () => {
    try {
      for (let next = iterator.next(); !next.done; next = iterator.next()) {
        await task(next.value);
        if (failures.length > 0) return;
      }
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failures.length === 0) return;
  fail?.(failures);
  throw failures[0];
}
