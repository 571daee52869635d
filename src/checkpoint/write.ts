/** Writes one file to a sink, a leaf at a time. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import type { Awaitable } from "../base/types.ts";
import type { Layout } from "../format/layout/layout.ts";
import { abortable } from "../io/abort.ts";
import type { ExactSink } from "../io/sinks/guard.ts";
import { castChunk } from "../tensor/cast-stream.ts";
import { leafError } from "./leaf.ts";
import { PieceMemory } from "./piece-memory.ts";
import type { PreparedSave, SaveEntry } from "./prepare.ts";
import type { ProgressCounter } from "./progress.ts";
import { overflowOf, reportOverflow } from "./reads-of.ts";

// Larger writes gain nothing, and a view of more than 4 GiB does not exist on Node 20.
const CHUNK_BYTES = 64 * 2 ** 20;
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
  const memory = new PieceMemory();
  let writing: Awaitable<void> | undefined;
  try {
    await sink.begin(layout.totalBytes);
    await sink.write(layout.head);
    progress.add(layout.head.byteLength, "");
    for (let k = 0; k < layout.order.length; k++) {
      signal?.throwIfAborted();
      const entry = entries[layout.order[k]!]!;
      if (entry.codec.stream !== undefined || entry.castFrom !== undefined) {
        for await (const chunk of piecesOf(entry, save, memory, signal)) {
          // A piece is written while the next is made.
          await writing;
          writing = handled(sink.write(chunk));
          progress.add(chunk.byteLength, entry.name);
        }
        await writing;
        writing = undefined;
        continue;
      }
      const read = readEntry(entry, save, signal);
      const data = read instanceof Promise ? await read : read;
      for (let at = 0; at < data.byteLength; at += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES, data.byteLength - at);
        const written = sink.write(
          new Uint8Array(data.buffer, data.byteOffset + at, length),
          entry.codec.stays,
        );
        // Small tensors are only gathered: half a million awaits less are a third of the time of saving so many.
        if (written !== undefined) await written;
        signal?.throwIfAborted();
        progress.add(length, entry.name);
      }
    }
    signal?.throwIfAborted();
    await sink.close();
  } catch (error) {
    await Promise.resolve(writing).catch(() => {});
    await abortSink(sink, error);
    throw error;
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
  const { lossy = false } = save.casting;
  try {
    if (codec.stream !== undefined) {
      // A lazy leaf may have a cast of its own, of whose losses the caller is to know as well.
      const casting = from === dtype ? {} : { ...(lossy && { lossy }), cast: dtype };
      yield* codec.stream(held, { ...casting, ...reportingOf(save), signal }, memory);
      return;
    }
    const data = await readEntry(entry, save, signal);
    const overflow = overflowOf(from, dtype, save.casting);
    for (let at = 0; at < data.byteLength; at += CAST_BYTES) {
      const length = Math.min(CAST_BYTES, data.byteLength - at);
      const chunk = new Uint8Array(data.buffer, data.byteOffset + at, length);
      yield castChunk(chunk, from, dtype, at, { lossy, name, overflow }, (bytes) => memory.casts.take(bytes));
    }
    reportOverflow({ name, tensor: { dtype: from }, as: { cast: dtype, overflow } }, save.casting);
  } catch (error) {
    signal?.throwIfAborted();
    throw leafError(error, save.placeOf(entry));
  }
}

/** The same promise, of which nobody needs to hear until it is waited for. */
function handled(writing: Awaitable<void>): Awaitable<void> {
  if (writing instanceof Promise) writing.catch(() => {});
  return writing;
}

function reportingOf({ casting: { overflow, onWarning } }: PreparedSave) {
  return {
    ...(overflow !== undefined && { overflow }),
    ...(onWarning !== undefined && { onWarning }),
  };
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

/** Lets a sink clean up; its own failure to do so must not hide the error that led here. */
async function abortSink(sink: ExactSink, reason: unknown): Promise<void> {
  try {
    await sink.abort?.(reason);
  } catch {
    // The reason is what the caller has to see.
  }
}
