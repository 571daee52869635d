/** Lays a tree out as a file without writing it anywhere: for uploads and downloads. */
import { openSink } from "../io/open-sink.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type PreparedSave, prepareTree } from "./prepare.ts";
import { writeWhole } from "./save-file.ts";
import type { SavePytreeOptions } from "./save-pytree.ts";
import { snapshotOf } from "./snapshot-memory.ts";

/** A pytree as a file whose bytes are made when you read them. */
export interface SerializedPytree {
  /** The size of the file in bytes. */
  readonly byteLength: number;
  /** Returns the file as a stream. Leaves are read while the stream is consumed. */
  stream(): ReadableStream<Uint8Array>;
  /** Returns the file as a `Blob` of type `application/octet-stream`. */
  blob(): Promise<Blob>;
  /** Releases the framework arrays. Without this call, they are released when this object is garbage-collected. */
  release(): void;
}

// Lets go of arrays once nobody can reach what holds them any more.
const forgotten = new FinalizationRegistry<PreparedSave>((prepared) => prepared.release());

/**
 * Turns a pytree into a stream or a `Blob`, for uploads and downloads. Don't change typed arrays and `Tensor`s until the
 * bytes have been read, unless you pass `{ snapshot: true }`. You can free framework arrays at once.
 *
 * @throws Everything that {@link savePytree} throws before it writes.
 * @example
 * ```ts
 * const file = await serialize({ w: new Float32Array(8) });
 * await fetch("https://example.com/upload", { method: "PUT", body: await file.blob() });
 * ```
 */
export async function serialize<A = Tensor>(
  tree: unknown,
  options: Omit<SavePytreeOptions<A>, "maxShardSize" | "shardName" | "flush"> = {},
): Promise<SerializedPytree> {
  const prepared = prepareTree(tree, options, snapshotOf(options));
  const { signal, onProgress } = options;
  const { totalBytes } = prepared.layout;
  const stream = () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const open = () => openSink(writable, { signal });
    // The reader of the stream sees the error; where no sink was opened yet, only this tells it.
    writeWhole(prepared, open, { signal, onProgress }).catch((error) =>
      writable.abort(error).catch(() => {}),
    );
    return readable;
  };
  const headers = { "content-type": "application/octet-stream" };
  const file: SerializedPytree = {
    byteLength: totalBytes,
    stream,
    blob: () => new Response(stream(), { headers }).blob(),
    release: () => prepared.release(),
  };
  forgotten.register(file, prepared);
  return file;
}
