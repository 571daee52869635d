/** A web stream: written as fast as it takes chunks, closed or aborted at the end. */
import { messageOf } from "../../base/quote.ts";
import { abortable } from "../abort.ts";
import { isWritableStream } from "../duck-types.ts";
import { attempt, cannot } from "../faults.ts";
import type { SinkOptions } from "../options.ts";
import type { ByteSink } from "../types.ts";
import { Blocks } from "./blocks.ts";
import type { OpenedSink } from "./kind.ts";

export function createStream(output: unknown, options: SinkOptions): OpenedSink | undefined {
  return isWritableStream(output) ? { sink: streamSink(output, options), name: "stream" } : undefined;
}

function streamSink(stream: WritableStream<Uint8Array>, { signal }: SinkOptions): ByteSink {
  const fail = (code: "UnsupportedSink" | "WriteError", cause: unknown) =>
    cannot(code, "write to the", "stream", messageOf(cause), { cause });
  let writer: WritableStreamDefaultWriter<Uint8Array>;
  try {
    writer = stream.getWriter();
  } catch (cause) {
    throw fail("UnsupportedSink", cause);
  }
  const explain = (cause: unknown) => (signal?.aborted ? signal.reason : fail("WriteError", cause));
  const run = (action: () => Promise<void>) => attempt(explain, () => abortable(action(), signal));
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
