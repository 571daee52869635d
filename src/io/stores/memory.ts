/** A store in memory, for tests and for trees that another program takes over. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { allocate } from "../faults.ts";
import { bytesSource } from "../sources/bytes.ts";
import type { ByteSink, Store, StoreEntry } from "../types.ts";
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

/**
 * Gathers what is written and gives it away whole.
 *
 * @param done Gets all bytes when the sink is closed.
 */
function memorySink(
  name: string,
  signal: AbortSignal | undefined,
  done: (bytes: Uint8Array) => void,
): ByteSink {
  let memory = new Uint8Array(0);
  let written = 0;
  const reserve = (bytes: number) => {
    if (bytes <= memory.byteLength) return;
    const grown = allocate(bytes, name);
    grown.set(memory.subarray(0, written));
    memory = grown;
  };
  return {
    begin: reserve,
    write(chunk) {
      signal?.throwIfAborted();
      if (written + chunk.byteLength > memory.byteLength)
        reserve(Math.max(written + chunk.byteLength, 2 * memory.byteLength));
      memory.set(chunk, written);
      written += chunk.byteLength;
    },
    close() {
      signal?.throwIfAborted();
      done(memory.subarray(0, written));
    },
    abort() {
      memory = new Uint8Array(0);
    },
  };
}
