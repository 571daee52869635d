/** Saves a dict to a sink. */
import { openSink, openSinkIn, type SinkInput } from "../io/open-sink.ts";
import type { SinkOptions } from "../io/options.ts";
import type { ExactSink } from "../io/sinks/guard.ts";
import type { Store } from "../io/types.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { LongCallOptions } from "./options.ts";
import { type PreparedSave, prepareDict } from "./prepare.ts";
import { ProgressCounter } from "./progress.ts";
import type { LeafDict, SaveOptions } from "./save.ts";
import { snapshotOf } from "./snapshot-memory.ts";
import { writeFile } from "./write.ts";

/** Options of {@link saveFile}. */
export interface SaveFileOptions<A = Tensor> extends SaveOptions<A>, LongCallOptions, SinkOptions {
  /**
   * Copies typed arrays and {@link Tensor}s at the call, so that the file is what they were then. Without it, such
   * memory must stay as it is until the promise resolves. What framework arrays hold is always taken at the call.
   */
  readonly snapshot?: boolean;
}

/**
 * Writes tensors to a sink, one in memory at a time. Typed arrays and `Tensor`s must not change until the promise
 * resolves, unless you pass `{ snapshot: true }`; framework arrays may be freed at once. A path is replaced at once and
 * whole: a crash, a full disk or an abort leaves the old file.
 *
 * @throws As {@link save}, before a byte is written; what the sink throws.
 * @example
 * ```ts
 * await saveFile({ embedding: new Float32Array(1024) }, "embedding.safetensors");
 * ```
 */
export async function saveFile<A = Tensor>(
  dict: LeafDict<A>,
  sink: SinkInput,
  options: SaveFileOptions<A> = {},
): Promise<void> {
  const prepared = prepareDict(dict, options, snapshotOf(options));
  try {
    await writeWhole(prepared, sink, options);
  } finally {
    prepared.release();
  }
}

/** Writes everything to one sink; nothing is opened before the layout stands. */
export async function writeWhole(
  prepared: PreparedSave,
  sink: SinkInput,
  options: LongCallOptions & SinkOptions,
): Promise<void> {
  await writeOpened(prepared, async () => (await openSink(sink, options)).sink, options);
}

/** Writes everything under a key of a store. */
export async function writeKey(
  prepared: PreparedSave,
  store: Store,
  key: string,
  options: LongCallOptions & SinkOptions,
): Promise<void> {
  await writeOpened(prepared, () => openSinkIn(store, key, options), options);
}

async function writeOpened(
  prepared: PreparedSave,
  open: () => Promise<ExactSink>,
  { signal, onProgress }: LongCallOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const { layout, entries } = prepared;
  const progress = new ProgressCounter(layout.totalBytes, onProgress);
  const sink = await open();
  try {
    await writeFile(sink, prepared, entries, layout, { signal, progress });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  progress.finish(entries[layout.order.at(-1) ?? -1]?.name ?? "");
}
