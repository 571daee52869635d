/** Writes through file handles, to regular files and to pipes. */
import { abortable } from "../abort.ts";
import type { FileHandleLike } from "../duck-types.ts";
import { explain } from "../explain.node.ts";
import { attempt } from "../faults.ts";
import type { SinkOptions } from "../options.ts";
import { failing } from "./failing.ts";
import { HandleWriter } from "./handle-writer.ts";
import type { GatheringSink } from "./kind.ts";

/** A file by a handle that the caller opened and closes: its content is replaced from the first byte on. */
export function handleSink(handle: FileHandleLike, options: SinkOptions): Promise<GatheringSink> {
  const { signal } = options;
  const fail = explain("WriteError", "write", `file handle ${handle.fd}`, signal);
  return attempt(fail, async () => {
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
  });
}
