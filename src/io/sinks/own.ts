/** A sink of the caller's own. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import type { Awaitable } from "../../base/types.ts";
import { abortable } from "../abort.ts";
import { isByteSink, isNodeStream } from "../duck-types.ts";
import type { SinkOptions } from "../options.ts";
import type { ByteSink } from "../types.ts";
import type { OpenedSink } from "./kind.ts";

/** Takes anything with the shape of a {@link ByteSink}, but not the streams of Node. */
export function createOwn(output: unknown, { signal }: SinkOptions): OpenedSink | undefined {
  if (isNodeStream(output)) {
    const message = "can't write to a stream of Node: pass a path, or Writable.toWeb(stream)";
    throw new Pytree2SafetensorsError("UnsupportedSink", message);
  }
  return isByteSink(output) ? { sink: promptly(output, signal), name: "sink" } : undefined;
}

// An abort doesn't wait for what the caller's sink waits for.
function promptly(sink: ByteSink, signal: AbortSignal | undefined): ByteSink {
  const run = (action: () => Awaitable<void> | undefined): Awaitable<void> =>
    signal === undefined ? action() : abortable(Promise.resolve().then(action), signal);
  return {
    begin: (totalBytes) => run(() => sink.begin?.(totalBytes)),
    write: (chunk) => run(() => sink.write(chunk)),
    close: () => run(() => sink.close()),
    abort: (reason) => sink.abort?.(reason),
  };
}
