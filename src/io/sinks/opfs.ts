/** A file of a browser's storage, by its handle: the browser writes beside it and swaps when it is closed. */
import type { Awaitable } from "../../base/types.ts";
import { isOpfsFile, type OpfsFileLike } from "../duck-types.ts";
import { attempt, cannot, explainStorage } from "../faults.ts";
import type { SinkOptions } from "../options.ts";
import type { ByteSink } from "../types.ts";
import type { OpenedSink } from "./kind.ts";
import { storageSink } from "./storage.ts";

export function createOpfsFile(output: unknown, options: SinkOptions): Awaitable<OpenedSink> | undefined {
  if (!isOpfsFile(output)) return undefined;
  return opfsSink(output, options).then((sink) => ({ sink, name: output.name }));
}

/**
 * Writes a file by a browser's handle.
 *
 * @param aborted What to do once an abort has left the old content.
 */
export async function opfsSink(
  handle: OpfsFileLike,
  options: SinkOptions,
  name = handle.name,
  aborted?: () => Promise<void>,
): Promise<ByteSink> {
  if (handle.createWritable === undefined) {
    const problem =
      "this browser has no createWritable; in a worker, pass the result of createSyncAccessHandle()";
    throw cannot("UnsupportedSink", "write", name, problem);
  }
  const stream = await attempt(explainStorage("WriteError", "write", name), () => handle.createWritable!());
  return storageSink(name, options, (block) => stream.write(block), {
    close: () => stream.close(),
    abort: async (reason) => {
      await stream.abort(reason);
      await aborted?.();
    },
  });
}
