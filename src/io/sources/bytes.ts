/** Bytes in memory. */
import { isBuffer } from "../duck-types.ts";
import type { ByteSource } from "../types.ts";
import type { Opened } from "./kind.ts";

export function openBytes(input: unknown): Opened | undefined {
  if (!isBuffer(input) && !ArrayBuffer.isView(input)) return undefined;
  return { source: bytesSource(input), owned: true };
}

/** Bytes in memory; reads are views of them. */
export function bytesSource(input: ArrayBufferLike | ArrayBufferView, name = "bytes"): ByteSource {
  // A view each read, not one view of all: a buffer may be longer than the longest typed array.
  const [buffer, offset] = ArrayBuffer.isView(input) ? [input.buffer, input.byteOffset] : [input, 0];
  return {
    size: input.byteLength,
    name,
    resident: true,
    read: (start, end) => new Uint8Array(buffer, offset + start, end - start),
  };
}
