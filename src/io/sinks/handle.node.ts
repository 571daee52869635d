/** Writes through file handles, to regular files and to pipes. */
import { abortable } from "../abort.ts";
import type { FileHandleLike } from "../duck-types.ts";
import { explain } from "../explain.node.ts";
import type { SinkOptions } from "../options.ts";
import { HandleWriter } from "./handle-writer.ts";
import type { GatheringSink } from "./kind.ts";

/** A file by a handle that the caller opened and closes: its content is replaced from the first byte on. */
export async function handleSink(handle: FileHandleLike, options: SinkOptions): Promise<GatheringSink> {
  const { signal } = options;
  const fail = failure(`file handle ${handle.fd}`, signal);
  try {
    const regular = (await handle.stat()).isFile();
    if (regular) await handle.truncate(0);
    // The reader of a pipe may never come. An aborted write then goes on in the background: only its reader can end it.
    const write: FileHandleLike["write"] = (...args) => abortable(handle.write(...args), signal);
    const writer = new HandleWriter(regular ? handle : { write }, regular ? 0 : null, signal);
    return failing(fail, {
      write: (chunk, stays) => writer.write(chunk, stays),
      close: async () => {
        await writer.flush();
        if (regular && options.flush !== false) await handle.sync();
      },
      abort: async () => {
        if (!regular) return;
        await writer.settled();
        await handle.truncate(0);
      },
    });
  } catch (cause) {
    throw fail(cause);
  }
}

/** Puts what was thrown into words. */
export type Explain = (cause: unknown) => unknown;

/** The errors of writing in words; an abort's reason is the caller's own, and thrown as it is. */
export function failure(name: string, signal: AbortSignal | undefined, path?: string): Explain {
  return (cause) =>
    signal?.aborted && cause === signal.reason ? cause : explain("WriteError", "write", name, cause, path);
}

/** The same sink, with the operating system's errors put into words. */
export function failing(fail: Explain, sink: GatheringSink): GatheringSink {
  const attempt = async (action: () => unknown) => {
    try {
      await action();
    } catch (cause) {
      throw fail(cause);
    }
  };
  return {
    write: (chunk, stays) => {
      const writing = sink.write(chunk, stays);
      return writing && attempt(() => writing);
    },
    close: () => attempt(() => sink.close()),
    abort: (reason) => attempt(() => sink.abort?.(reason)),
  };
}
