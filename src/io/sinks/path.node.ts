/** A file by its path: it appears, or replaces the old one, whole and at once. */
import type { Stats } from "node:fs";
import { lstat, open, realpath, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { explain, ifThere } from "../explain.node.ts";
import { attempt, cannot, type Explain } from "../faults.ts";
import type { SinkOptions } from "../options.ts";
import { failing } from "./failing.ts";
import { HandleWriter } from "./handle-writer.ts";
import type { GatheringSink } from "./kind.ts";
import { moveInto } from "./move.node.ts";
import { pipeSink } from "./pipe.node.ts";
import { syncFolder } from "./sync.node.ts";
import { clearLitterIn, forgetTemporary, temporaryPath } from "./temporary.node.ts";

/**
 * Writes a file by its path. A regular one appears, or replaces the old one, when the sink is closed: a crash, a full
 * disk or an abort leaves the old file as it was.
 *
 * @param path Its absolute path.
 * @param name Its path as the caller spelled it.
 */
export function pathSink(path: string, name: string, options: SinkOptions): Promise<GatheringSink> {
  const fail = explain("WriteError", "write", name, options.signal, path);
  return attempt(fail, async () => {
    const old = await statIfThere(path);
    if (old?.isDirectory()) {
      throw cannot("WriteError", "write", name, "it is a folder; name a file in it");
    }
    if (old !== undefined && (!old.isFile() || (await isDevice(path)))) {
      return pipeSink(path, old, options, fail);
    }
    await clearLitterIn(dirname(path)).catch(() => {});
    return replacing(path, name, old, options, fail);
  });
}

/** Written beside the target, then renamed over it. */
async function replacing(
  path: string,
  name: string,
  old: Stats | undefined,
  { signal, flush = true }: SinkOptions,
  fail: Explain,
): Promise<GatheringSink> {
  const mode = old === undefined ? undefined : old.mode & 0o777;
  const temporary = temporaryPath(path);
  const handle = await open(temporary, "wx", mode ?? 0o666).catch((error: unknown) => {
    forgetTemporary(temporary);
    throw error;
  });
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
    if (mode !== undefined) await handle.chmod(mode);
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
        await moveInto(temporary, path, name, flush);
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

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await ifThere(stat(path));
  } catch (error) {
    // A link to itself leads nowhere: it is replaced like any link.
    const isLoop = (error as NodeJS.ErrnoException).code === "ELOOP" && (await lstat(path)).isSymbolicLink();
    if (isLoop) return undefined;
    throw error;
  }
}

// `/dev/stdout` and `/proc/self/fd/1` can lead to a regular file, but no file can be renamed over them.
async function isDevice(path: string): Promise<boolean> {
  return /^\/(dev$|proc\/)/.test(await realpath(dirname(path)));
}
