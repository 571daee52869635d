/** Saves a dict to a sink. */
import { keepShape } from "../base/keep-shape.ts";
import { openSink, type SinkInput } from "../io/open-sink.ts";
import type { SinkOptions } from "../io/options.ts";
import type { ExactSink } from "../io/sinks/guard.ts";
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
   * Copies typed arrays and {@link Tensor}s during the call, so that you can change them while the file is written. Without
   * it, don't change them until the promise resolves. Framework arrays never need it.
   */
  readonly snapshot?: boolean;
}

/**
 * Writes tensors to a file or another sink, one tensor in memory at a time. Don't change typed arrays and `Tensor`s until
 * the promise resolves, unless you pass `{ snapshot: true }`. You can free framework arrays at once. A file at a path is
 * replaced atomically: after a crash, a full disk or an abort, the old file is still there.
 *
 * @throws Everything that {@link save} throws except `AsyncAdapter`, before a byte is written; errors of the sink, such as
 *   `UnsupportedSink` or `WriteError`.
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
    await writeWhole(prepared, () => openSink(sink, options), options);
  } finally {
    prepared.release();
  }
}

/** Writes everything to one sink, which is opened once the layout stands. */
export async function writeWhole(
  prepared: PreparedSave,
  open: () => Promise<{ sink: ExactSink }>,
  { signal, onProgress }: LongCallOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const { layout, entries } = prepared;
  const progress = new ProgressCounter(layout.totalBytes, onProgress);
  const { sink } = await open();
  try {
    await writeFile(sink, prepared, entries, layout, { signal, progress });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  progress.finish(entries[layout.order.at(-1) ?? -1]?.name ?? "");
}

keepShape(new ProgressCounter(0, undefined));
