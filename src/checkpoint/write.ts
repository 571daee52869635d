import { Pytree2SafetensorsError } from "../base/errors.ts";
import { abortable } from "../io/abort.ts";
import type { ExactSink } from "../io/sinks/guard.ts";
import { byteLengthOf } from "../tensor/size.ts";
import type { ArrayAdapter, ArrayInfo } from "./adapter.ts";
import { LazyTensor } from "./lazy.ts";
import { readLeaf } from "./leaf.ts";
import type { ProgressCounter } from "./progress.ts";

/** A leaf with the name and the shape that the file will have for it. */
export interface NamedLeaf extends ArrayInfo {
  readonly name: string;
  readonly leaf: unknown;
}

/** One file to write: its head, and the leaves whose bytes follow in this order. */
export interface FilePlan {
  /** The length prefix and the header, padded. */
  readonly head: Uint8Array;
  /** Positions in the entries, in the order of the data. */
  readonly order: ArrayLike<number>;
  readonly totalBytes: number;
}

export interface WriteOptions {
  readonly adapter: ArrayAdapter<unknown> | undefined;
  readonly signal: AbortSignal | undefined;
}

// Larger writes gain nothing, and a view of more than 4 GiB does not exist on Node 20.
const CHUNK_BYTES = 64 * 2 ** 20;

/**
 * Writes one file to a sink and closes it; on failure the sink is aborted. One leaf is in memory at a time:
 * each is read when its turn comes, and refused when its bytes are not as many as dtype and shape say.
 */
export async function writeFile(
  sink: ExactSink,
  plan: FilePlan,
  entries: readonly NamedLeaf[],
  options: WriteOptions & { readonly progress: ProgressCounter },
): Promise<void> {
  const { adapter, signal, progress } = options;
  try {
    await sink.begin?.(plan.totalBytes);
    await sink.write(plan.head);
    progress.add(plan.head.byteLength, "");
    for (let k = 0; k < plan.order.length; k++) {
      signal?.throwIfAborted();
      const entry = entries[plan.order[k]!]!;
      if (entry.leaf instanceof LazyTensor) {
        for await (const chunk of entry.leaf.stream({ signal })) {
          await sink.write(chunk);
          progress.add(chunk.byteLength, entry.name);
        }
        continue;
      }
      // An adapter may read the next array into the same memory.
      const stays = !adapter?.is(entry.leaf);
      const read = readLeaf(entry.leaf, entry, adapter);
      const data = exactBytes(entry, read instanceof Promise ? await abortable(read, signal) : read);
      for (let at = 0; at < data.byteLength; at += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES, data.byteLength - at);
        const written = sink.write(new Uint8Array(data.buffer, data.byteOffset + at, length), stays);
        // Small tensors are only gathered: half a million awaits less are a third of the time of saving so many.
        if (written !== undefined) await written;
        signal?.throwIfAborted();
        progress.add(length, entry.name);
      }
    }
    signal?.throwIfAborted();
    await sink.close();
  } catch (error) {
    await abortSink(sink, error);
    throw error;
  }
}

/** Lets a sink clean up; its own failure to do so must not hide the error that led here. */
export async function abortSink(sink: ExactSink, reason: unknown): Promise<void> {
  try {
    await sink.abort?.(reason);
  } catch {
    // The reason is what the caller has to see.
  }
}

/** Refuses data of another size than the header announces: the file would be broken from there on. */
export function exactBytes(entry: NamedLeaf, data: ArrayBufferView): ArrayBufferView {
  const expected = byteLengthOf(entry.dtype, entry.shape);
  if (data.byteLength === expected) return data;
  throw new Pytree2SafetensorsError(
    "InvalidTensorView",
    `tensor ${JSON.stringify(entry.name)}: ${entry.dtype}[${entry.shape}] needs ${expected} bytes, its array gave ${data.byteLength}`,
    { tensor: entry.name, expected: `${expected} bytes`, found: `${data.byteLength} bytes` },
  );
}
