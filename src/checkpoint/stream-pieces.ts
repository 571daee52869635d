/** The bytes of a tensor piece by piece; those of a cast while the next piece is being read. */
import { invalidArgument } from "../base/arguments.ts";
import { castChunk } from "../tensor/cast-stream.ts";
import { DTYPES, requireDtype } from "../tensor/dtypes.ts";
import type { StreamOptions } from "./file.ts";
import type { FileTensor } from "./file-part.ts";
import { PieceMemory } from "./piece-memory.ts";
import { overflowOf, reportOverflow } from "./reads-of.ts";

const STREAM_BYTES = 8 * 2 ** 20;
// The wider side of a piece that goes through memory that is used again: of both sides there are two.
const CAST_BYTES = 4 * 2 ** 20;

/**
 * The bytes of a tensor piece by piece, in the dtype asked for.
 *
 * @param memory What converted pieces are put into, if their memory may be used again. Each is then valid until the one
 *   after the next is asked for.
 */
export async function* streamPieces(
  tensor: FileTensor,
  options: StreamOptions,
  memory?: PieceMemory,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name, dtype } = tensor;
  const { cast = dtype, lossy = false, signal } = options;
  const overflow = overflowOf(dtype, requireDtype(cast), options);
  const widening = Math.max(1, DTYPES[cast].bits / DTYPES[dtype].bits);
  const { chunkBytes = memory && cast !== dtype ? CAST_BYTES / widening : STREAM_BYTES } = options;
  if (!(Number.isSafeInteger(chunkBytes) && chunkBytes > 0 && chunkBytes % 16 === 0)) {
    throw invalidArgument("chunkBytes", "a positive multiple of 16", chunkBytes);
  }
  if (cast === dtype) {
    yield* readPieces(tensor, chunkBytes, signal);
    return;
  }
  let at = 0;
  const into = memory?.casts;
  for await (const piece of readAhead(tensor, chunkBytes, signal, memory ?? new PieceMemory())) {
    yield castChunk(piece, dtype, cast, at, { lossy, name, overflow }, into && ((bytes) => into.take(bytes)));
    at += piece.byteLength;
  }
  reportOverflow({ name, dtype, as: { cast, overflow } }, options);
}

async function* readPieces(
  { file, start, end }: FileTensor,
  chunkBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = start; at < end; at += chunkBytes) {
    signal?.throwIfAborted();
    yield await file.source.read(at, Math.min(at + chunkBytes, end), { signal });
  }
}

/** The same with the next piece under way; a piece is valid until the next is asked for. */
async function* readAhead(
  { file: { source }, start, end }: FileTensor,
  chunkBytes: number,
  signal: AbortSignal | undefined,
  { reads }: PieceMemory,
): AsyncGenerator<Uint8Array, void, undefined> {
  const read = async (at: number) => {
    const stop = Math.min(at + chunkBytes, end);
    return source.read(at, stop, source.resident ? { signal } : { signal, into: reads.take(stop - at) });
  };
  let next = start < end ? read(start) : undefined;
  try {
    for (let at = start; at < end; at += chunkBytes) {
      signal?.throwIfAborted();
      const piece = await next!;
      next = at + chunkBytes < end ? read(at + chunkBytes) : undefined;
      next?.catch(() => {}); // looked at when its turn comes
      yield piece;
    }
  } finally {
    // Whoever stops early may close the file, or use the memory again.
    await next?.catch(() => {});
  }
}
