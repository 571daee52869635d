/** A store in memory, for tests and for trees that another program takes over. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { memorySink } from "../sinks/memory.ts";
import { bytesSource } from "../sources/bytes.ts";
import type { Store, StoreEntry } from "../types.ts";
import { checkKey } from "../urls.ts";
import { isListed } from "./listing.ts";

/**
 * Creates a store in memory. Its files are gone when the store is garbage-collected.
 *
 * @example
 * ```ts
 * const store = memoryStore();
 * await savePytree({ w: new Float32Array(8) }, store, { maxShardSize: "1GB" });
 * for await (const { key, size } of store.list()) console.log(key, size);
 * ```
 */
export function memoryStore(): Store {
  const files = new Map<string, { readonly bytes: Uint8Array; readonly modified: number }>();
  const name = "memory";
  return {
    name,
    source(key) {
      checkKey(key);
      const file = files.get(key);
      if (file !== undefined) return bytesSource(file.bytes, `${name}/${key}`);
      const message = `can't read ${quote(key)} in ${name}: there is no such key`;
      throw new Pytree2SafetensorsError("IoError", message, { source: key });
    },
    sink(key, { signal } = {}) {
      checkKey(key);
      return memorySink(key, signal, (bytes) => void files.set(key, { bytes, modified: Date.now() }));
    },
    async *list(prefix = "", { shallow = false, signal } = {}) {
      const found: StoreEntry[] = [];
      for (const [key, { bytes, modified }] of files)
        if (isListed(key, prefix, shallow)) found.push({ key, size: bytes.byteLength, modified });
      for (const entry of found.sort((a, b) => (a.key < b.key ? -1 : 1))) {
        signal?.throwIfAborted();
        yield entry;
      }
    },
    remove(key) {
      checkKey(key);
      files.delete(key);
    },
  };
}
