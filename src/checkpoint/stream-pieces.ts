/** The bytes of a tensor piece by piece; those of a cast while the next piece is being read. */
import { invalidArgument } from "../base/arguments.ts";
import type { ByteRange } from "../format/read-plan.ts";
import { castChunk } from "../tensor/cast-stream.ts";
import { DTYPES, requireDtype } from "../tensor/dtypes.ts";
import type { StreamOptions } from "./file.ts";
import type { FileTensor } from "./file-part.ts";
import { oneAhead } from "./one-ahead.ts";
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
  const { name, dtype, file } = tensor;
  const { source } = file;
  const { cast = dtype, lossy = false, signal } = options;
  const overflow = overflowOf(dtype, requireDtype(cast), options);
  const widening = Math.max(1, DTYPES[cast].bits / DTYPES[dtype].bits);
  const { chunkBytes = memory && cast !== dtype ? CAST_BYTES / widening : STREAM_BYTES } = options;
  if (!(Number.isSafeInteger(chunkBytes) && chunkBytes > 0 && chunkBytes % 16 === 0)) {
    throw invalidArgument("chunkBytes", "a positive multiple of 16", chunkBytes);
  }
  if (cast === dtype) {
    for (const { start, end } of piecesOf(tensor, chunkBytes)) {
      signal?.throwIfAborted();
      yield await source.read(start, end, { signal });
    }
    return;
  }
  const { reads, casts } = memory ?? new PieceMemory();
  const chunks = oneAhead(piecesOf(tensor, chunkBytes), async ({ start, end }) => {
    signal?.throwIfAborted();
    const into = source.resident ? undefined : reads.take(end - start);
    return source.read(start, end, { signal, into });
  });
  let at = 0;
  for await (const piece of chunks) {
    const take = memory && ((bytes: number) => casts.take(bytes));
    yield castChunk(piece, dtype, cast, at, { lossy, name, overflow }, take);
    at += piece.byteLength;
  }
  reportOverflow({ name, dtype, as: { cast, overflow } }, options);
}

function* piecesOf({ start, end }: FileTensor, chunkBytes: number): Generator<ByteRange, void, undefined> {
  for (let at = start; at < end; at += chunkBytes) yield { start: at, end: Math.min(at + chunkBytes, end) };
}
