// The lock of a store that knows nothing but keys: an object in it, which its holder writes again and again.
import { readText, writeText } from "../checkpoint/store-text.ts";
import { sleep } from "../io/abort.ts";
import { openSinkIn } from "../io/open-sink.ts";
import type { Store } from "../io/types.ts";
import { LOCK_KEY, type LockHolder, type LockPlace, parseHolder } from "./lock.ts";

/** The lock as an object of the store; of two that write it at once the later one has it. */
export function objectPlace(store: Store): LockPlace {
  const name = store.name ?? "the store";
  const write = async (holder: LockHolder) =>
    writeText(await openSinkIn(store, LOCK_KEY), JSON.stringify(holder));
  const place: LockPlace = {
    name,
    async read() {
      for await (const { key } of store.list(LOCK_KEY)) {
        if (key === LOCK_KEY) return parseHolder(await readText(store, key));
      }
      return undefined;
    },
    async take(holder) {
      const started = Date.now();
      await write(holder);
      // Longer than another's write that was under way.
      await sleep(20 + 4 * (Date.now() - started), undefined);
      return (await place.read())?.id === holder.id;
    },
    beat: write,
    remove: async () => store.remove(LOCK_KEY),
  };
  return place;
}
