import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { abortable } from "../abort.ts";
import type { FileHandleLike } from "../duck-types.ts";
import { explain } from "../explain.node.ts";
import type { ByteSource } from "../types.ts";
import { bytesSource } from "./bytes.ts";
import { fileHandleSource } from "./file-handle.ts";

/** The path that a `file:` URL or a string means. */
export function toPath(path: string | URL): string {
  return typeof path === "string" ? path : fileURLToPath(path);
}

/** A file by its path, opened once; what `signal` aborts is the opening. */
export async function pathSource(target: string | URL, signal?: AbortSignal): Promise<ByteSource> {
  const path = toPath(target);
  const fail = (cause: unknown) =>
    signal?.aborted && cause === signal.reason ? cause : explain("IoError", "read", path, cause);
  // A named pipe opens when somebody writes to it, which may be never.
  const opening = open(path, "r");
  const handle = await abortable(opening, signal).catch((cause: unknown) => {
    opening.then((late) => late.close()).catch(() => {});
    throw fail(cause);
  });
  try {
    const stat = await handle.stat();
    if (stat.isFile()) {
      return { ...fileHandleSource(handle, stat.size, path, fail), close: () => handle.close() };
    }
    if (stat.isDirectory()) {
      const advice = "a sharded checkpoint is opened by its index, model.safetensors.index.json";
      throw new Pytree2SafetensorsError("IoError", `can't read ${path}: it is a folder; ${advice}`, {
        source: path,
      });
    }
    if (!stat.isFIFO()) throw irregular(path);
    // What can't be read by position is read whole.
    const bytes = await abortable(handle.readFile({ signal }), signal);
    await handle.close();
    return bytesSource(bytes, path);
  } catch (cause) {
    const closing = handle.close().catch(() => {});
    // It waits for the read under way, and to a pipe nobody may ever write.
    if (!signal?.aborted) await closing;
    throw fail(cause);
  }
}

/** A file by a handle that the caller opened and closes. */
export async function handleSource(handle: FileHandleLike): Promise<ByteSource> {
  const name = `file handle ${handle.fd}`;
  const fail = (cause: unknown) => explain("IoError", "read", name, cause);
  const stat = await handle.stat().catch((cause: unknown) => {
    throw fail(cause);
  });
  if (!stat.isFile()) throw irregular(name);
  return fileHandleSource(handle, stat.size, name, fail);
}

function irregular(name: string): Error {
  const message = `can't read ${name}: it is no regular file, so it has no size and no positions`;
  return new Pytree2SafetensorsError("UnsupportedSource", `${message}; read it whole and pass the bytes`, {
    source: name,
  });
}
