import { open, readFile } from "node:fs/promises";

/*
 * What the machine can do at most: reads and writes of the same bytes with nothing around them.
 */

// As large as they are in our own reader, and as large as gains anything.
const PIECE_BYTES = 16 * 2 ** 20;

/** Reads a file into one fresh piece of memory, `parallel` reads at a time. */
export async function bareRead(path: string, parallel: number, memory?: ArrayBuffer): Promise<ArrayBuffer> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const buffer = memory ?? new ArrayBuffer(size);
    let next = 0;
    const worker = async () => {
      while (next < size) {
        const at = next;
        const length = Math.min(PIECE_BYTES, size - at);
        next += length;
        const { bytesRead } = await handle.read(new Uint8Array(buffer, at, length), 0, length, at);
        if (bytesRead !== length) throw new Error("short read");
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return buffer;
  } finally {
    await handle.close();
  }
}

/** Reads `[start, end)` into fresh memory. */
export async function bareRange(path: string, start: number, end: number): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const bytes = new Uint8Array(end - start);
    await handle.read(bytes, 0, bytes.length, start);
    return bytes;
  } finally {
    await handle.close();
  }
}

/** `fs.promises.readFile`, as memory of its own. */
export async function wholeFile(path: string): Promise<ArrayBuffer> {
  const bytes = await readFile(path);
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes.buffer;
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

/** Writes chunks to a new file, many to a call, where the system has it (`writev`). */
export async function bareWritev(path: string, chunks: readonly Uint8Array[], flush: boolean): Promise<void> {
  const handle = await open(path, "w");
  try {
    for (let from = 0; from < chunks.length; ) {
      let to = from;
      for (let bytes = 0; to < chunks.length && to - from < 512 && bytes < 8 * 2 ** 20; to++) {
        bytes += chunks[to]!.byteLength;
      }
      const parts = chunks.slice(from, to);
      const { bytesWritten } = await handle.writev(parts);
      if (bytesWritten !== parts.reduce((sum, part) => sum + part.byteLength, 0))
        throw new Error("short write");
      from = to;
    }
    if (flush) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes chunks to a new file, one after the other. */
export async function bareWrite(path: string, chunks: readonly Uint8Array[], flush: boolean): Promise<void> {
  const handle = await open(path, "w");
  try {
    for (const chunk of chunks) {
      for (let done = 0; done < chunk.byteLength; ) {
        const { bytesWritten } = await handle.write(
          chunk,
          done,
          Math.min(chunk.byteLength - done, 32 * 2 ** 20),
        );
        done += bytesWritten;
      }
    }
    if (flush) await handle.sync();
  } finally {
    await handle.close();
  }
}
