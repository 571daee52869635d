/** What is remembered of prototypes, until a class is registered. */

const memories: WeakMap<object, unknown>[] = [];

/** A memory of prototypes that {@link forget} reaches. */
export function forgettable<T>(): WeakMap<object, T> {
  const memory = new WeakMap<object, T>();
  memories.push(memory as WeakMap<object, unknown>);
  return memory;
}

/** Forgets a prototype everywhere. */
export function forget(prototype: object): void {
  for (const memory of memories) memory.delete(prototype);
}
