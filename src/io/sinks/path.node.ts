import type { Stats } from "node:fs";
import { chmod, type FileHandle, lstat, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import type { FileHandleLike } from "../duck-types.ts";
import { explain } from "../explain.node.ts";
import type { SinkOptions } from "../platform.ts";
import { toPath } from "../sources/path.node.ts";
import type { ByteSink } from "../types.ts";
import { HandleWriter } from "./file-handle.ts";
import { clearLitter, forgetTemporary, temporaryPath } from "./temporary.node.ts";

/**
 * A file by its path. A regular one appears, or replaces the old one, whole and at once when it is closed:
 * a crash, a full disk or an abort leaves the old file as it was.
 */
export async function pathSink(target: string | URL, options: SinkOptions): Promise<ByteSink> {
  const path = toPath(target);
  const fail = failure(path, options.signal);
  try {
    const old = await statIfThere(path);
    if (old?.isDirectory()) {
      throw new Pytree2SafetensorsError(
        "WriteError",
        `can't write ${path}: it is a folder; name a file in it`,
        {
          source: path,
        },
      );
    }
    if (old !== undefined && (!old.isFile() || (await isDevice(path)))) {
      return streamed(await open(path, "w"), options, fail);
    }
    await clearLitter(path).catch(() => {});
    return await replacing(path, old, options, fail);
  } catch (cause) {
    throw fail(cause);
  }
}

/** A file by a handle that the caller opened and closes: its content is replaced from the first byte on. */
export async function handleSink(handle: FileHandleLike, options: SinkOptions): Promise<ByteSink> {
  const name = `file handle ${handle.fd}`;
  const fail = failure(name, options.signal);
  try {
    const regular = (await handle.stat()).isFile();
    if (regular) await handle.truncate(0);
    const writer = new HandleWriter(handle, regular ? 0 : null, options.signal);
    return failing(fail, {
      write: (chunk, stays) => writer.write(chunk, stays),
      close: async () => {
        await writer.flush();
        if (regular && options.flush !== false) await handle.sync();
      },
      abort: async () => {
        await writer.settled();
        if (regular) await handle.truncate(0);
      },
    });
  } catch (cause) {
    throw fail(cause);
  }
}

/** Written beside the target, then renamed over it. */
async function replacing(
  path: string,
  old: Stats | undefined,
  { signal, flush = true }: SinkOptions,
  fail: Explain,
): Promise<ByteSink> {
  const mode = old === undefined ? undefined : old.mode & 0o777;
  const temporary = temporaryPath(path);
  let handle: FileHandle;
  try {
    handle = await open(temporary, "wx", mode ?? 0o666);
  } catch (error) {
    forgetTemporary(temporary);
    throw error;
  }
  let isOpen = true;
  const closeHandle = async () => {
    if (!isOpen) return;
    isOpen = false;
    await handle.close();
  };
  const discard = async () => {
    await closeHandle().catch(() => {});
    await unlink(temporary).catch(() => {});
    forgetTemporary(temporary);
  };
  try {
    // What `open` is given is cut by the umask.
    if (mode !== undefined) await chmod(temporary, mode);
  } catch (error) {
    await discard();
    throw error;
  }

  const writer = new HandleWriter(handle, 0, signal);
  return failing(fail, {
    write: (chunk, stays) => writer.write(chunk, stays),
    close: async () => {
      try {
        await writer.flush();
        if (flush) await handle.sync();
        await closeHandle();
        signal?.throwIfAborted();
        await rename(temporary, path);
      } catch (error) {
        await discard();
        throw error;
      }
      forgetTemporary(temporary);
      if (flush) await syncFolder(dirname(path));
    },
    abort: discard,
  });
}

/** Written in order, as a pipe or a device wants it. */
function streamed(handle: FileHandle, { signal }: SinkOptions, fail: Explain): ByteSink {
  const writer = new HandleWriter(handle, null, signal);
  return failing(fail, {
    write: (chunk, stays) => writer.write(chunk, stays),
    close: async () => {
      try {
        await writer.flush();
      } finally {
        await handle.close();
      }
    },
    abort: () => handle.close(),
  });
}

type Explain = (cause: unknown) => unknown;

// An abort's reason is the caller's own, and thrown as it is.
function failure(name: string, signal: AbortSignal | undefined): Explain {
  return (cause) =>
    signal?.aborted && cause === signal.reason ? cause : explain("WriteError", "write", name, cause);
}

/** The same sink, with the operating system's errors put into words. */
function failing(fail: Explain, sink: ByteSink): ByteSink {
  const rethrow = (cause: unknown) => {
    throw fail(cause);
  };
  const attempt = async (action: () => unknown) => {
    try {
      await action();
    } catch (cause) {
      rethrow(cause);
    }
  };
  return {
    write: (chunk, stays) => {
      const written = sink.write(chunk, stays);
      return written instanceof Promise ? written.catch(rethrow) : written;
    },
    close: () => attempt(() => sink.close()),
    abort: (reason) => attempt(() => sink.abort?.(reason)),
  };
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    // A link to itself leads nowhere: it is replaced like any link.
    if ((error as NodeJS.ErrnoException).code === "ELOOP" && (await lstat(path)).isSymbolicLink())
      return undefined;
    throw error;
  }
}

// `/dev/stdout` and `/proc/self/fd/1` can lead to a regular file, yet are no names to rename over.
async function isDevice(path: string): Promise<boolean> {
  return /^\/(dev$|proc\/)/.test(await realpath(dirname(path)));
}

// The rename is on the disk only when the folder is. Windows and some file systems don't do it for folders.
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EIO") throw error;
  }
}
