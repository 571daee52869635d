import type { FileHandleLike } from "../duck-types.ts";
import { allocate, shortRead } from "../faults.ts";
import type { ByteSource, ReadOptions } from "../types.ts";

// Node 20 aborts the process on a read of 2^31 bytes; far less bounds how long an abort waits, at the same speed.
const MAX_READ = 32 * 2 ** 20;

/** A file through its handle: positional reads, so that any number can be under way at once. */
export function fileHandleSource(
  handle: FileHandleLike,
  size: number,
  name: string,
  explain: (error: unknown) => unknown,
): ByteSource {
  async function read(start: number, end: number, { signal, into }: ReadOptions = {}): Promise<Uint8Array> {
    const bytes = into ?? allocate(end - start, name);
    let done = 0;
    while (done < bytes.byteLength) {
      signal?.throwIfAborted();
      const length = Math.min(bytes.byteLength - done, MAX_READ);
      let bytesRead: number;
      try {
        ({ bytesRead } = await handle.read(bytes, done, length, start + done));
      } catch (error) {
        throw explain(error);
      }
      if (bytesRead === 0) throw shortRead(name, start, end, done);
      done += bytesRead;
    }
    return bytes;
  }
  return { size, name, read };
}
