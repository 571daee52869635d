/** A file handle of `node:fs/promises`. */
import { isFileHandle } from "../duck-types.ts";
import type { SinkOptions } from "../options.ts";
import { fileSystem } from "../urls.ts";
import type { OpenedSink } from "./kind.ts";

/** Opens a `FileHandle` to write to; the caller closes it. */
export function createHandle(output: unknown, options: SinkOptions): Promise<OpenedSink> | undefined {
  if (!isFileHandle(output)) return undefined;
  const name = `file handle ${output.fd}`;
  const creating = fileSystem("UnsupportedSink", "a file handle").createHandle(output, options);
  return creating.then((sink) => ({ sink, name }));
}
