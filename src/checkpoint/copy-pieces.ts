/** Reads bytes that go into a file as they lie in another: neighbours together, and ahead of the writing. */
import type { ByteSource } from "../io/types.ts";
import { leafError } from "./leaf-error.ts";
import { oneAhead } from "./one-ahead.ts";
import type { MemoryPair } from "./piece-memory.ts";
import type { PreparedSave, SaveEntry } from "./prepare.ts";

/** Where the bytes of a leaf lie. */
export interface CopyRange {
  readonly entry: SaveEntry;
  readonly source: ByteSource;
  readonly start: number;
  readonly end: number;
}

/** Bytes to be written, valid until the next piece is asked for. */
export interface CopyPiece {
  readonly bytes: Uint8Array;
  /** The name of the leaf that the last of them are of. */
  readonly name: string;
}

// As large as a request is worth. Two are in memory: one that is being written and one that is being read.
const PIECE_BYTES = 4 * 2 ** 20;

/**
 * The bytes of leaves, one after the other. While a piece is being written, the next one is being read.
 *
 * @param memory What pieces are read into, again and again: fresh memory costs page faults, and waits for a collection of
 *   garbage before it is returned.
 */
export function copyPieces(
  ranges: Iterable<CopyRange>,
  save: PreparedSave,
  memory: MemoryPair,
  signal: AbortSignal | undefined,
): AsyncGenerator<CopyPiece, void, undefined> {
  return oneAhead(piecesOf(ranges), async ({ entry, source, start, end }) => {
    try {
      const into = source.resident ? undefined : memory.take(end - start);
      return { bytes: await source.read(start, end, { signal, into }), name: entry.name };
    } catch (error) {
      signal?.throwIfAborted();
      throw leafError(error, save.placeOf(entry));
    }
  });
}

/** Neighbours joined, and cut into pieces of one size. */
function* piecesOf(ranges: Iterable<CopyRange>): Generator<CopyRange, void, undefined> {
  let joined: CopyRange | undefined;
  for (const range of ranges) {
    let { start } = range;
    if (joined?.source === range.source && joined.end === start) start = joined.start;
    else if (joined !== undefined) yield joined;
    for (; range.end - start >= PIECE_BYTES; start += PIECE_BYTES) {
      yield { ...range, start, end: start + PIECE_BYTES };
    }
    joined = start < range.end ? { ...range, start } : undefined;
  }
  if (joined !== undefined) yield joined;
}
