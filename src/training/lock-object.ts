// The lock of a store that knows nothing but keys: an object in it, which its holder writes again and again.

import type { Store } from "../io/types.ts";
import { LOCK_KEY, type LockHolder, type LockPlace, parseHolder, sleep } from "./lock.ts";

/** The lock as an object of the store; of two that write it at once the later one has it. */
export function objectPlace(store: Store): LockPlace {
  const name = store.name ?? "the store";
  const write = async (holder: LockHolder) => {
    const sink = await store.sink(LOCK_KEY);
    const bytes = new TextEncoder().encode(JSON.stringify(holder));
    await sink.begin?.(bytes.byteLength);
    await sink.write(bytes);
    await sink.close();
  };
  const place: LockPlace = {
    name,
    async read() {
      for await (const { key } of store.list(LOCK_KEY)) {
        if (key !== LOCK_KEY) continue;
        const source = await store.source(key);
        try {
          return parseHolder(new TextDecoder().decode(await source.read(0, source.size)));
        } finally {
          await source.close?.();
        }
      }
      return undefined;
    },
    async take(holder) {
      const started = Date.now();
      await write(holder);
      // Longer than another's write that was under way.
      await sleep(20 + 4 * (Date.now() - started));
      return (await place.read())?.id === holder.id;
    },
    beat: write,
    remove: async () => store.remove(LOCK_KEY),
  };
  return place;
}
