// The shape of a place with keys.
import type { Awaitable } from "../../base/types.ts";
import type { SinkOptions } from "../platform.ts";
import type { ByteSink, ByteSource } from "../types.ts";

/** A place with keys. What a sink writes appears whole on `close`, or not at all. */
export interface Store {
  readonly name?: string;
  source(key: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<ByteSource>;
  sink(key: string, options?: SinkOptions): Awaitable<ByteSink>;
  list(
    prefix?: string,
  ): AsyncIterable<{ readonly key: string; readonly size: number; readonly modified?: number }>;
  remove(key: string): Awaitable<void>;
}
