/** Lays a tree out as a file without writing it anywhere: for uploads and downloads. */
import { openSink } from "../io/open-sink.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type PreparedSave, prepareTree } from "./prepare.ts";
import { ProgressCounter } from "./progress.ts";
import type { SavePytreeOptions } from "./save-pytree.ts";
import { snapshotOf } from "./snapshot-memory.ts";
import { writeFile } from "./write.ts";

/** A pytree as the bytes of its file, not yet made. */
export interface SerializedPytree {
  /** The size of the file in bytes. */
  readonly byteLength: number;
  /** The file as a stream. Leaves are read as it is pulled. */
  stream(): ReadableStream<Uint8Array>;
  /** The file as a `Blob` of type `application/octet-stream`. */
  blob(): Promise<Blob>;
  /** Lets go of the framework arrays that it holds. Without this call, that happens when it is garbage. */
  release(): void;
}

// Lets go of arrays once nobody can reach what holds them any more.
const forgotten = new FinalizationRegistry<PreparedSave>((prepared) => prepared.release());

/**
 * Lays a pytree out as a file without writing it anywhere. The tree is taken at the call: typed arrays and `Tensor`s must
 * not change until the stream has been read, unless you pass `{ snapshot: true }`; framework arrays may be freed at once.
 *
 * @throws What {@link savePytree} throws before it writes.
 * @example
 * ```ts
 * const file = await serialize(tree);
 * await fetch(url, { method: "PUT", body: file.stream(), duplex: "half" });
 * link.href = URL.createObjectURL(await file.blob());
 * ```
 */
export async function serialize<A = Tensor>(
  tree: unknown,
  options: Omit<SavePytreeOptions<A>, "maxShardSize" | "shardName" | "flush"> = {},
): Promise<SerializedPytree> {
  const prepared = prepareTree(tree, options, snapshotOf(options));
  const { layout, entries } = prepared;
  const { signal } = options;
  const stream = () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const progress = new ProgressCounter(layout.totalBytes, options.onProgress);
    const write = async () => {
      const { sink } = await openSink(writable, { signal });
      await writeFile(sink, prepared, entries, layout, { signal, progress });
      progress.finish(entries[layout.order.at(-1) ?? -1]?.name ?? "");
    };
    // The reader of the stream sees the error; where no sink was opened yet, only this tells it.
    write().catch((error) => writable.abort(error).catch(() => {}));
    return readable;
  };
  const headers = { "content-type": "application/octet-stream" };
  const file: SerializedPytree = {
    byteLength: layout.totalBytes,
    stream,
    blob: () => new Response(stream(), { headers }).blob(),
    release: () => prepared.release(),
  };
  forgotten.register(file, prepared);
  return file;
}
