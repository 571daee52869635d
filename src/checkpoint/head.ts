/** The first bytes of a file: what kind of file it is, and how far it may be read. */
import { PREFIX_BYTES } from "../format/header/prefix.ts";
import type { ByteSource } from "../io/types.ts";

// The first read: enough for most headers, and all that a lookup of one tensor may read too much.
const HEAD_BYTES = 64 * 2 ** 10;

// No index is larger; the one of a model with 100,000 tensors has about 10 MB.
export const MAX_INDEX_BYTES = 256 * 2 ** 20;

/** The first bytes of a source: enough to tell an index, and for most headers. */
export async function readHead(source: ByteSource, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return source.read(0, Math.min(source.size, HEAD_BYTES), { signal });
}

/**
 * Whether the first bytes of a file are those of an index. A safetensors file begins with its header's length, at most
 * 100,000,000 as 64 bits: four of the first eight bytes are zero, which no byte of a JSON text is.
 */
export function isIndex(head: Uint8Array): boolean {
  // A byte order mark may go before the text.
  const text = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head;
  const start = text.findIndex((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return start >= 0 && text[start] === 0x7b && head.subarray(0, PREFIX_BYTES).every((byte) => byte !== 0);
}
