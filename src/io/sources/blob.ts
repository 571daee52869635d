import { Pytree2SafetensorsError } from "../../base/errors.ts";
import type { BlobLike } from "../duck-types.ts";
import { allocate, messageOf, shortRead } from "../faults.ts";
import type { ByteSource, ReadOptions } from "../types.ts";

// Bounds what a browser copies at a time, and how long an abort waits.
const MAX_SLICE = 64 * 2 ** 20;

/** A `Blob` or `File`, or anything with `size` and `slice().arrayBuffer()`. */
export function blobSource(blob: BlobLike, name = "blob"): ByteSource {
  return { size: blob.size, name, read: (start, end, options) => readBlob(blob, start, end, name, options) };
}

/** Reads `[start, end)` of a blob, in bounded slices. */
export async function readBlob(
  blob: BlobLike,
  start: number,
  end: number,
  name: string,
  { signal, into }: ReadOptions = {},
): Promise<Uint8Array> {
  if (into === undefined && end - start <= MAX_SLICE) return slice(blob, start, end, name);
  const bytes = into ?? allocate(end - start, name);
  for (let at = start; at < end; at += MAX_SLICE) {
    signal?.throwIfAborted();
    bytes.set(await slice(blob, at, Math.min(end, at + MAX_SLICE), name), at - start);
  }
  return bytes;
}

async function slice(blob: BlobLike, start: number, end: number, name: string): Promise<Uint8Array> {
  let buffer: ArrayBuffer;
  try {
    buffer = await blob.slice(start, end).arrayBuffer();
  } catch (cause) {
    throw new Pytree2SafetensorsError(
      "IoError",
      `${name}: can't be read (${messageOf(cause)}); a file that has changed since it was chosen is to be chosen again`,
      { source: name, cause },
    );
  }
  if (buffer.byteLength !== end - start) throw shortRead(name, start, end, buffer.byteLength);
  return new Uint8Array(buffer);
}
