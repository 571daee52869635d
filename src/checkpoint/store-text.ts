/** Small files of a store, read and written whole: the index of a sharded checkpoint, the lock of a run. */
import type { ByteSink, Store } from "../io/types.ts";

/** The text of a file. */
export async function readText(store: Store, key: string): Promise<string> {
  const source = await store.source(key);
  try {
    return new TextDecoder().decode(await source.read(0, source.size));
  } finally {
    await source.close?.();
  }
}

/** Writes a text and closes the sink; on failure the sink is aborted. */
export async function writeText(sink: Required<ByteSink>, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    await sink.begin(bytes.byteLength);
    await sink.write(bytes);
    await sink.close();
  } catch (error) {
    await sink.abort(error);
    throw error;
  }
}
