/** The first bytes of a file, and the limit of an index. */
import type { ByteSource } from "../io/types.ts";

// The first read: enough for most headers, and all that a lookup of one tensor may read too much.
const HEAD_BYTES = 64 * 2 ** 10;

// No index is larger; the one of a model with 100,000 tensors has about 10 MB.
export const MAX_INDEX_BYTES = 256 * 2 ** 20;

/** The first bytes of a source: enough to tell an index, and for most headers. */
export async function readHead(source: ByteSource, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return source.read(0, Math.min(source.size, HEAD_BYTES), { signal });
}
