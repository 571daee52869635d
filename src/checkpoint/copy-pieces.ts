/** Reads bytes that go into a file as they lie in another: neighbours together, and ahead of the writing. */
import { onAbort } from "../io/abort.ts";
import type { ByteSource } from "../io/types.ts";
import { leafError } from "./leaf.ts";
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

const PIECE_BYTES = 4 * 2 ** 20;
// What is being written and what is read ahead, together.
const MEMORY_BYTES = 16 * 2 ** 20;

/**
 * The bytes of leaves, one after the other. While a piece is being written, those after it are being read. When the
 * consumer stops early, or anything fails, the other reads are aborted and waited for.
 */
export async function* copyPieces(
  ranges: Iterable<CopyRange>,
  save: PreparedSave,
  signal: AbortSignal | undefined,
): AsyncGenerator<CopyPiece, void, undefined> {
  const aborter = new AbortController();
  const forget = onAbort(signal, () => aborter.abort(signal?.reason));
  const ahead: { length: number; memory: Uint8Array | undefined; done: Promise<CopyPiece> }[] = [];
  // Used again: fresh memory costs page faults, and waits for a collection of garbage before it is returned.
  const spare: Uint8Array[] = [];
  let bytesAhead = 0;
  try {
    for (const piece of piecesOf(ranges)) {
      const length = piece.end - piece.start;
      const { resident, parallel = 1 } = piece.source;
      while (ahead.length > 0 && (bytesAhead + length > MEMORY_BYTES || ahead.length > parallel)) {
        const first = ahead[0]!;
        yield await first.done;
        ahead.shift();
        bytesAhead -= first.length;
        if (first.memory !== undefined) spare.push(first.memory);
      }
      signal?.throwIfAborted();
      let memory = resident ? undefined : spare.pop();
      if (!resident && (memory === undefined || memory.byteLength < length)) memory = new Uint8Array(length);
      const done = read(piece, memory?.subarray(0, length), save, aborter.signal);
      done.catch(() => {}); // looked at when its turn comes
      ahead.push({ length, memory, done });
      bytesAhead += length;
    }
    for (let first = ahead.shift(); first; first = ahead.shift()) yield await first.done;
  } finally {
    forget();
    aborter.abort();
    await Promise.allSettled(ahead.map(({ done }) => done));
  }
}

async function read(
  { entry, source, start, end }: CopyRange,
  into: Uint8Array | undefined,
  save: PreparedSave,
  signal: AbortSignal,
): Promise<CopyPiece> {
  try {
    return { bytes: await source.read(start, end, { signal, into }), name: entry.name };
  } catch (error) {
    signal.throwIfAborted();
    throw leafError(error, save.placeOf(entry));
  }
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
