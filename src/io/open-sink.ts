/** Opens whatever bytes can be written to. A new kind of sink is one new file and one line in the table. */
import { requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";
import type { FileHandleLike, OpfsFileLike, SyncAccessHandleLike } from "./duck-types.ts";
import type { SinkOptions } from "./options.ts";
import { createFolder } from "./sinks/folder.ts";
import { ExactSink } from "./sinks/guard.ts";
import { createHandle } from "./sinks/handle.ts";
import type { SinkKind } from "./sinks/kind.ts";
import { createOpfsFile } from "./sinks/opfs.ts";
import { createOwn } from "./sinks/own.ts";
import { createAddress } from "./sinks/place.ts";
import { createStream } from "./sinks/stream.ts";
import { createSyncHandle } from "./sinks/sync-handle.ts";
import type { ByteSink, Store } from "./types.ts";
import { checkKey } from "./urls.ts";

/** Everything that can be written to. A string is a path, or an address with the scheme of a service, such as `s3://`. */
export type SinkInput =
  | string
  | URL
  | FileHandleLike
  | OpfsFileLike
  | SyncAccessHandleLike
  | WritableStream<Uint8Array>
  | ByteSink;

// In this order: what comes first may have the shape of what comes later too.
const KINDS: readonly SinkKind[] = [
  createAddress,
  createSyncHandle,
  createOpfsFile,
  createHandle,
  createFolder,
  createStream,
  createOwn,
];

/** Makes one sink of whatever the caller has. The sink closes only what opening it has opened. */
export async function openSink(output: SinkInput, options: SinkOptions = {}): Promise<{ sink: ExactSink }> {
  requireOptions(options);
  const { signal } = options;
  signal?.throwIfAborted();
  for (const create of KINDS) {
    const creating = create(output, options);
    if (creating === undefined) continue;
    const { sink, name } = await creating;
    return { sink: new ExactSink(sink, name, signal) };
  }
  const found = describeValue(output);
  const expected = "a path, a file handle, a WritableStream or a ByteSink";
  const message = `can't write to ${found}: pass ${expected}`;
  throw new Pytree2SafetensorsError("UnsupportedSink", message, { expected, found });
}

/** A sink for a key of a store. */
export async function openSinkIn(store: Store, key: string, options: SinkOptions = {}): Promise<ExactSink> {
  requireOptions(options);
  options.signal?.throwIfAborted();
  checkKey(key);
  const name = store.name === undefined ? key : `${store.name}/${key}`;
  return new ExactSink(await store.sink(key, options), name, options.signal);
}
