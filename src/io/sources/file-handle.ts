/** A file by its handle: positional reads, so that any number can be under way at once. */
import type { Awaitable } from "../../base/types.ts";
import { type FileHandleLike, type FileStatLike, isFileHandle } from "../duck-types.ts";
import { allocate, attempt, type Explain, shortRead, sourceChanged } from "../faults.ts";
import type { ByteSource, ReadOptions } from "../types.ts";
import { fileSystem } from "../urls.ts";
import type { Opened } from "./kind.ts";

// Node 20 aborts the process on a read of 2^31 bytes; far less bounds how long an abort waits, at the same speed.
const MAX_READ = 32 * 2 ** 20;

export function openHandle(input: unknown): Promise<Opened> | undefined {
  return isFileHandle(input) ? fileSystem("UnsupportedSource", "a file handle").openHandle(input) : undefined;
}

/** How the source of a handle is called and what it asks of the file system. */
export interface HandleFile {
  readonly handle: Pick<FileHandleLike, "read">;
  readonly name: string;
  /** The file as it was when it was opened. */
  readonly opened: FileStatLike;
  /** The file as it is now. */
  readonly stat: () => Awaitable<FileStatLike>;
  readonly explain: Explain;
}

export function fileHandleSource(file: HandleFile): ByteSource {
  const { handle, name, opened, explain } = file;
  const { size } = opened;
  async function read(
    start: number,
    end: number,
    { signal, into, onBytes }: ReadOptions = {},
  ): Promise<Uint8Array> {
    const bytes = into ?? allocate(end - start, name);
    let done = 0;
    while (done < bytes.byteLength) {
      signal?.throwIfAborted();
      const length = Math.min(bytes.byteLength - done, MAX_READ);
      const reading = () => handle.read(bytes, done, length, start + done);
      const { bytesRead } = await attempt(explain, reading);
      if (bytesRead === 0) throw shortRead(name, start, end, done);
      done += bytesRead;
      onBytes?.(bytesRead);
    }
    await checkUnchanged(file);
    return bytes;
  }
  // More than the system reads at once, so that it always has the next at hand: while V8 collects garbage for what was
  // allocated, nobody would ask for it.
  return { size, name, parallel: 8, read };
}

// A file that is replaced keeps its handle's content; one that is rewritten in place doesn't.
async function checkUnchanged({ name, opened, stat, explain }: HandleFile): Promise<void> {
  const now = await attempt(explain, stat);
  for (const key of ["size", "mtimeMs", "ino"] as const) {
    if (opened[key] !== undefined && now[key] !== opened[key])
      throw sourceChanged(name, { expected: `${key} ${opened[key]}`, found: `${key} ${now[key]}` });
  }
}
