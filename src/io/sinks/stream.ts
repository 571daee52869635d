/** A web stream: written as fast as it takes chunks, closed or aborted at the end. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { messageOf } from "../../base/quote.ts";
import { abortable } from "../abort.ts";
import { isWritableStream } from "../duck-types.ts";
import type { SinkOptions } from "../options.ts";
import type { ByteSink } from "../types.ts";
import { Blocks } from "./blocks.ts";
import type { OpenedSink } from "./kind.ts";

/** Opens a `WritableStream`. */
export function createStream(output: unknown, options: SinkOptions): OpenedSink | undefined {
  return isWritableStream(output) ? { sink: streamSink(output, options), name: "stream" } : undefined;
}

function streamSink(stream: WritableStream<Uint8Array>, { signal }: SinkOptions): ByteSink {
  const name = "stream";
  const fail = (code: "UnsupportedSink" | "WriteError", cause: unknown) =>
    new Pytree2SafetensorsError(code, `can't write to the stream: ${messageOf(cause)}`, {
      source: name,
      cause,
    });
  let writer: WritableStreamDefaultWriter<Uint8Array>;
  try {
    writer = stream.getWriter();
  } catch (cause) {
    throw fail("UnsupportedSink", cause);
  }
  const run = async (action: () => Promise<unknown>) => {
    try {
      await abortable(action(), signal);
    } catch (cause) {
      throw signal?.aborted ? signal.reason : fail("WriteError", cause);
    }
  };
  // Fresh memory: a stream may keep a chunk for long, or take its buffer away, and these are the caller's weights.
  const emit = async (block: Uint8Array<ArrayBuffer>) => {
    await writer.ready;
    await writer.write(block);
  };
  const blocks = new Blocks(emit, { copy: true });
  return {
    write(chunk) {
      const writing = blocks.write(chunk);
      return writing && run(() => writing);
    },
    close: () =>
      run(async () => {
        await blocks.flush();
        await writer.close();
        writer.releaseLock();
      }),
    abort(reason) {
      // Not awaited: it waits for the write under way, and a stream that is stuck would hold us.
      writer.abort(reason).catch(() => {});
      writer.releaseLock();
    },
  };
}
