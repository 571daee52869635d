import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../../base/errors.ts";
import type { OpfsDirectoryLike, OpfsFileLike, SyncAccessHandleLike } from "../duck-types.ts";
import { messageOf } from "../faults.ts";
import type { SinkDirectory, SinkOptions } from "../platform.ts";
import type { ByteSink } from "../types.ts";
import { Blocks } from "./blocks.ts";
import { ExactSink } from "./guard.ts";

const MAX_WRITE = 16 * 2 ** 20;

/** A file by a browser's handle: the browser writes beside it and swaps when it is closed. */
export async function opfsSink(handle: OpfsFileLike, { signal }: SinkOptions): Promise<ByteSink> {
  const { name } = handle;
  if (handle.createWritable === undefined) {
    throw new Pytree2SafetensorsError(
      "UnsupportedSink",
      `can't write ${name}: this browser has no createWritable; in a worker, pass what createSyncAccessHandle() gives`,
      { source: name },
    );
  }
  const stream = await inWords(name, () => handle.createWritable!());
  const blocks = new Blocks(
    (block) => {
      signal?.throwIfAborted();
      return stream.write(block);
    },
    false,
    MAX_WRITE,
  );
  return {
    write: (chunk) => inWords(name, () => blocks.write(chunk), signal),
    close: () =>
      inWords(name, async () => {
        await blocks.flush();
        await stream.close();
      }),
    abort: (reason) => stream.abort(reason),
  };
}

/** A file by a worker's synchronous handle, which the caller opened and closes: written in place. */
export async function syncHandleSink(
  handle: SyncAccessHandleLike,
  { signal, flush = true }: SinkOptions,
): Promise<ByteSink> {
  const name = "access handle";
  let at = 0;
  // Awaited, because older browsers give promises.
  await inWords(name, () => handle.truncate(0));
  const blocks = new Blocks(
    async (block) => {
      signal?.throwIfAborted();
      for (let done = 0; done < block.byteLength; ) {
        const written = handle.write(block.subarray(done), { at });
        if (written === 0) throw new Error("the storage takes no more");
        done += written;
        at += written;
      }
    },
    false,
    MAX_WRITE,
  );
  return {
    write: (chunk) => inWords(name, () => blocks.write(chunk), signal),
    close: () =>
      inWords(name, async () => {
        await blocks.flush();
        if (flush) await handle.flush();
      }),
    abort: () => handle.truncate(0),
  };
}

/** A browser's folder. */
export function opfsDirectory(folder: OpfsDirectoryLike, options: SinkOptions): SinkDirectory {
  return {
    name: folder.name,
    file: (name) =>
      inWords(name, async () => {
        const handle = await folder.getFileHandle(name, { create: true });
        return new ExactSink(await opfsSink(handle, options), name, options.signal);
      }),
    async list() {
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      return names;
    },
    async modified(name) {
      const handle = await folder.getFileHandle(name);
      return (await handle.getFile()).lastModified;
    },
    async remove(name) {
      try {
        await folder.removeEntry(name);
      } catch (cause) {
        if ((cause as { name?: unknown } | null)?.name !== "NotFoundError") throw cause;
      }
    },
  };
}

async function inWords<T>(name: string, action: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (signal?.aborted || isPytree2SafetensorsError(cause)) throw cause;
    const isFull = (cause as { name?: unknown } | null)?.name === "QuotaExceededError";
    const advice = isFull ? "; free some space, or ask for more with navigator.storage.persist()" : "";
    throw new Pytree2SafetensorsError("WriteError", `can't write ${name}: ${messageOf(cause)}${advice}`, {
      source: name,
      cause,
    });
  }
}
