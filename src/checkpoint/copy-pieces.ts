/** Reads bytes that go into a file as they lie in another: neighbours together, and ahead of the writing. */
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

// As large as a request is worth. Two are in memory: one that is being written and one that is being read.
const PIECE_BYTES = 4 * 2 ** 20;

interface Reading {
  readonly memory: Uint8Array | undefined;
  readonly done: Promise<CopyPiece>;
}

/** The bytes of leaves, one after the other. While a piece is being written, the next one is being read. */
export async function* copyPieces(
  ranges: Iterable<CopyRange>,
  save: PreparedSave,
  signal: AbortSignal | undefined,
): AsyncGenerator<CopyPiece, void, undefined> {
  let next: Reading | undefined;
  // Used again: fresh memory costs page faults, and waits for a collection of garbage before it is returned.
  let spare: Uint8Array | undefined;
  try {
    for (const piece of piecesOf(ranges)) {
      const current = next;
      next = begin(piece, spare, save, signal);
      if (current === undefined) continue;
      yield await current.done;
      spare = current.memory;
    }
    if (next !== undefined) yield await next.done;
  } finally {
    // Nothing is read any more when whoever wrote goes on, not even after an error.
    await next?.done.catch(() => {});
  }
}

function begin(
  { entry, source, start, end }: CopyRange,
  spare: Uint8Array | undefined,
  save: PreparedSave,
  signal: AbortSignal | undefined,
): Reading {
  const length = end - start;
  const fits = spare !== undefined && spare.byteLength >= length;
  const memory = source.resident ? undefined : fits ? spare : new Uint8Array(length);
  const read = async (): Promise<CopyPiece> => {
    try {
      const bytes = await source.read(start, end, { signal, into: memory?.subarray(0, length) });
      return { bytes, name: entry.name };
    } catch (error) {
      signal?.throwIfAborted();
      throw leafError(error, save.placeOf(entry));
    }
  };
  const done = read();
  done.catch(() => {}); // whoever waits for it is told
  return { memory, done };
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
