/** Files by their paths, pipes and folders among them. */
import { fstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { abortable } from "../abort.ts";
import type { FileHandleLike } from "../duck-types.ts";
import { explain } from "../explain.node.ts";
import { cannot } from "../faults.ts";
import type { OpenSourceOptions } from "../options.ts";
import { folderStore } from "../stores/folder.node.ts";
import type { ByteSource, Store } from "../types.ts";
import { Body } from "./body.ts";
import { bytesSource } from "./bytes.ts";
import { fileHandleSource } from "./file-handle.ts";
import type { Opened } from "./kind.ts";

const PIPE_BYTES = 2 ** 16;

/** The path that a `file:` URL or a string means. */
export function toPath(path: string | URL): string {
  return typeof path === "string" ? path : fileURLToPath(path);
}

/** Opens a file, or a folder as its store, by its path; what `signal` aborts is the opening. */
export async function openPath(target: string | URL, options: OpenSourceOptions): Promise<Opened | Store> {
  const name = toPath(target);
  // Resolved once: the program may change its working directory meanwhile.
  const path = resolve(name);
  const source = await pathSource(path, name, options);
  if (source === undefined) return folderStore(path, name);
  return { source, owned: true, folder: folderStore(dirname(path), dirname(name)) };
}

/** A file by its absolute path, opened once; `undefined` for a folder. */
export async function pathSource(
  path: string,
  name: string,
  options: OpenSourceOptions,
): Promise<ByteSource | undefined> {
  const { signal } = options;
  const fail = explain("IoError", "read", name, signal, path);
  // A named pipe opens when somebody writes to it, which may be never.
  const opening = open(path, "r");
  const handle = await abortable(opening, signal).catch((cause: unknown) => {
    opening.then((late) => late.close()).catch(() => {});
    throw fail(cause);
  });
  try {
    const opened = await handle.stat();
    if (opened.isFile()) {
      const stat = () => fstatSync(handle.fd);
      const explained = fileHandleSource({ handle, name, opened, stat, explain: fail });
      return { ...explained, close: () => handle.close() };
    }
    if (!opened.isDirectory() && !opened.isFIFO()) throw irregular(name);
    // What can't be read by position is read whole.
    const bytes = opened.isFIFO() ? await readPipe(handle, name, options) : undefined;
    await handle.close();
    return bytes && bytesSource(bytes, name);
  } catch (cause) {
    const closing = handle.close().catch(() => {});
    // It waits for the read under way, and to a pipe nobody may ever write.
    if (!signal?.aborted) await closing;
    throw fail(cause);
  }
}

async function readPipe(
  handle: FileHandle,
  name: string,
  { signal, bound, onDownload }: OpenSourceOptions,
): Promise<Uint8Array> {
  const body = new Body(name, undefined, bound);
  for (;;) {
    const reading = handle.read(new Uint8Array(PIPE_BYTES), 0, PIPE_BYTES, null);
    const { bytesRead, buffer } = await abortable(reading, signal);
    if (bytesRead === 0) return body.finish();
    body.push(buffer.subarray(0, bytesRead));
    onDownload?.({ loaded: body.received, total: undefined });
  }
}

/** A file by a handle that the caller opened and closes. */
export async function handleSource(handle: FileHandleLike): Promise<Opened> {
  const name = `file handle ${handle.fd}`;
  const fail = explain("IoError", "read", name);
  const opened = await handle.stat().catch((cause: unknown) => {
    throw fail(cause);
  });
  if (!opened.isFile()) throw irregular(name);
  const stat = () => handle.stat();
  return { source: fileHandleSource({ handle, name, opened, stat, explain: fail }), owned: false };
}

function irregular(name: string): Error {
  const problem =
    "it isn't a regular file, so it has no size and no positions; read it as a whole and pass the bytes";
  return cannot("UnsupportedSource", "read", name, problem);
}
