/** Writes one file to a sink, a leaf at a time. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import type { Layout } from "../format/layout/layout.ts";
import { abortable } from "../io/abort.ts";
import type { ExactSink } from "../io/sinks/guard.ts";
import { castChunk } from "../tensor/cast-stream.ts";
import { type CopyRange, copyPieces } from "./copy-pieces.ts";
import { leafError } from "./leaf-error.ts";
import { PieceMemory } from "./piece-memory.ts";
import type { PreparedSave, SaveEntry } from "./prepare.ts";
import type { ProgressCounter } from "./progress.ts";
import { overflowOf, reportOverflow } from "./reads-of.ts";
import { SMALL_BYTES, SmallLeaves } from "./small-leaves.ts";

// Larger writes gain nothing, and a view of more than 4 GiB does not exist on Node 20.
const CHUNK_BYTES = 64 * 2 ** 20;
// Leaves that are copied together: more gain nothing, and each takes a little memory.
const MAX_COPIES = 2 ** 16;
// What is cast at once: the memory that a cast costs.
const CAST_BYTES = 4 * 2 ** 20;

/**
 * Writes one file to a sink and closes it; on failure the sink is aborted. Each leaf is read when its turn comes, and
 * refused if its bytes are not as many as dtype and shape say.
 */
export async function writeFile(
  sink: ExactSink,
  save: PreparedSave,
  entries: readonly SaveEntry[],
  layout: Layout,
  { signal, progress }: { readonly signal: AbortSignal | undefined; readonly progress: ProgressCounter },
): Promise<void> {
  const small = new SmallLeaves(sink);
  const memory = new PieceMemory();
  try {
    await sink.begin(layout.totalBytes);
    await sink.write(layout.head);
    progress.add(layout.head.byteLength, "");
    for (let k = 0; k < layout.order.length; k++) {
      signal?.throwIfAborted();
      const gathered = gatherFrom(k, save, entries, layout.order, small, progress);
      if (gathered > 0) {
        k += gathered - 1;
        await small.flush();
        continue;
      }
      const entry = entries[layout.order[k]!]!;
      const copies = copiesFrom(k, entries, layout.order);
      if (copies.length > 0) {
        k += copies.length - 1;
        for await (const { bytes, name } of copyPieces(copies, save, memory.reads, signal)) {
          await sink.write(bytes);
          progress.add(bytes.byteLength, name);
        }
        continue;
      }
      if (entry.codec.stream !== undefined || entry.castFrom !== undefined) {
        await writePieces(sink, piecesOf(entry, save, memory, signal), (bytes) =>
          progress.add(bytes, entry.name),
        );
        continue;
      }
      const read = readEntry(entry, save, signal);
      const data = read instanceof Promise ? await read : read;
      for (let at = 0; at < data.byteLength; at += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES, data.byteLength - at);
        const bytes = new Uint8Array(data.buffer, data.byteOffset + at, length);
        const written = sink.write(bytes, entry.codec.stays);
        // Medium tensors are only gathered: half a million awaits less are a third of the time of saving so many.
        if (written !== undefined) await written;
        signal?.throwIfAborted();
        progress.add(length, entry.name);
      }
    }
    signal?.throwIfAborted();
    await sink.close();
  } catch (error) {
    await sink.abort(error);
    throw error;
  }
}

/**
 * Gathers the small leaves from the k-th on, until there is one that is not small or their memory is full; gives how many.
 * On its own: V8 compiles a loop within an async function anew for each call.
 */
function gatherFrom(
  k: number,
  save: PreparedSave,
  entries: readonly SaveEntry[],
  order: Uint32Array,
  small: SmallLeaves,
  progress: ProgressCounter,
): number {
  let count = 0;
  for (let isFull = false; !isFull && k + count < order.length; count++) {
    const entry = entries[order[k + count]!]!;
    const { codec, castFrom, byteLength, name } = entry;
    if (byteLength > SMALL_BYTES || codec.stays !== true || castFrom !== undefined) break;
    isFull = small.add(readEntry(entry, save, undefined) as ArrayBufferView);
    progress.add(byteLength, name);
  }
  return count;
}

/** The leaves from the k-th on that are copied from a file as they are, up to the first that isn't. */
function copiesFrom(k: number, entries: readonly SaveEntry[], order: Uint32Array): readonly CopyRange[] {
  const ranges: CopyRange[] = [];
  for (const end = Math.min(order.length, k + MAX_COPIES); k + ranges.length < end; ) {
    const entry = entries[order[k + ranges.length]!]!;
    const place = entry.castFrom === undefined ? entry.codec.place?.(entry.held) : undefined;
    if (place === undefined) break;
    ranges.push({ entry, source: place.file.source, start: place.start, end: place.end });
  }
  return ranges;
}

/** Writes pieces, each while the next is made; also after an error, nothing is being written any more at the end. */
async function writePieces(
  sink: ExactSink,
  pieces: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): Promise<void> {
  let writing: Promise<void> | undefined;
  try {
    for await (const piece of pieces) {
      await writing;
      writing = Promise.resolve(sink.write(piece));
      writing.catch(() => {}); // looked at before the next is written
      onBytes(piece.byteLength);
    }
    await writing;
  } finally {
    await writing?.catch(() => {});
  }
}

/** The bytes of a leaf piece by piece, as a lazy leaf reads them or a cast makes them. */
async function* piecesOf(
  entry: SaveEntry,
  save: PreparedSave,
  memory: PieceMemory,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name, dtype, codec, held } = entry;
  const from = entry.castFrom?.dtype ?? dtype;
  const { cast: _cast, lossy = false, ...reporting } = save.casting;
  try {
    if (codec.stream !== undefined) {
      // A lazy leaf may have a cast of its own, of whose losses the caller is to know as well.
      const casting = from === dtype ? {} : { ...(lossy && { lossy }), cast: dtype };
      yield* codec.stream(held, { ...reporting, ...casting, signal }, memory);
      return;
    }
    const data = await readEntry(entry, save, signal);
    const overflow = overflowOf(from, dtype, save.casting);
    for (let at = 0; at < data.byteLength; at += CAST_BYTES) {
      const length = Math.min(CAST_BYTES, data.byteLength - at);
      const chunk = new Uint8Array(data.buffer, data.byteOffset + at, length);
      yield castChunk(chunk, from, dtype, at, { lossy, name, overflow }, (bytes) => memory.casts.take(bytes));
    }
    reportOverflow({ name, dtype: from, as: { cast: dtype, overflow } }, save.casting);
  } catch (error) {
    signal?.throwIfAborted();
    throw leafError(error, save.placeOf(entry));
  }
}

/** The bytes of a leaf, as many as its dtype and shape say; errors say which leaf it is. */
function readEntry(
  entry: SaveEntry,
  save: PreparedSave,
  signal: AbortSignal | undefined,
): ArrayBufferView | Promise<ArrayBufferView> {
  try {
    const read = entry.codec.read(entry.held, entry.castFrom?.dtype ?? entry.dtype);
    return read instanceof Promise ? waitForEntry(read, entry, save, signal) : exactBytes(entry, read);
  } catch (error) {
    throw leafError(error, save.placeOf(entry));
  }
}

async function waitForEntry(
  reading: Promise<ArrayBufferView>,
  entry: SaveEntry,
  save: PreparedSave,
  signal: AbortSignal | undefined,
): Promise<ArrayBufferView> {
  try {
    return exactBytes(entry, await abortable(reading, signal));
  } catch (error) {
    signal?.throwIfAborted();
    throw leafError(error, save.placeOf(entry));
  }
}

/** Refuses data of another size than the header announces: the file would be broken from there on. */
export function exactBytes(entry: SaveEntry, data: ArrayBufferView): ArrayBufferView {
  const { dtype, byteLength: expected } = entry.castFrom ?? entry;
  if (data.byteLength === expected) return data;
  const message = `tensor ${quote(entry.name)}: ${dtype}[${entry.shape}] needs ${expected} bytes, its array gave ${data.byteLength}`;
  throw new Pytree2SafetensorsError("InvalidTensorView", message, {
    tensor: entry.name,
    expected: `${expected} bytes`,
    found: `${data.byteLength} bytes`,
  });
}
