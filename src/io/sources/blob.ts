/** Blobs and files that the user chose, and the URLs that stand for them. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { messageOf, printable } from "../../base/quote.ts";
import { type BlobLike, isBlob } from "../duck-types.ts";
import { allocate, shortRead } from "../faults.ts";
import type { OpenSourceOptions } from "../options.ts";
import type { ByteSource, ReadOptions } from "../types.ts";
import type { Opened } from "./kind.ts";
import { displayUrl } from "./response.ts";

// Bounds what a browser copies at a time, and how long an abort waits.
const MAX_SLICE = 64 * 2 ** 20;

/** Opens a `Blob` or `File`, or anything with `size` and `slice().arrayBuffer()`. */
export function openBlob(input: unknown): Opened | undefined {
  return isBlob(input) ? { source: blobSource(input), owned: true } : undefined;
}

/** Opens a `blob:` or `data:` URL: its bytes are in this machine's memory or storage already. */
export async function openFetched(url: URL, { signal }: OpenSourceOptions): Promise<Opened> {
  const name = displayUrl(url.href);
  try {
    const response = await fetch(url, { signal: signal ?? null });
    return { source: blobSource(await response.blob(), name), owned: true };
  } catch (cause) {
    signal?.throwIfAborted();
    const message = `can't read the ${name}: ${messageOf(cause)}`;
    throw new Pytree2SafetensorsError("IoError", message, { source: name, cause });
  }
}

function blobSource(blob: BlobLike, name = "blob"): ByteSource {
  return { size: blob.size, name, read: (start, end, options) => readBlob(blob, start, end, name, options) };
}

/** Reads `[start, end)` of a blob, in bounded slices. */
export async function readBlob(
  blob: BlobLike,
  start: number,
  end: number,
  name: string,
  { signal, into, onBytes }: ReadOptions = {},
): Promise<Uint8Array> {
  if (into === undefined && end - start <= MAX_SLICE) return slice(blob, start, end, name);
  const bytes = into ?? allocate(end - start, name);
  for (let at = start; at < end; at += MAX_SLICE) {
    signal?.throwIfAborted();
    const part = await slice(blob, at, Math.min(end, at + MAX_SLICE), name);
    bytes.set(part, at - start);
    onBytes?.(part.byteLength);
  }
  return bytes;
}

async function slice(blob: BlobLike, start: number, end: number, name: string): Promise<Uint8Array> {
  let buffer: ArrayBuffer;
  try {
    buffer = await blob.slice(start, end).arrayBuffer();
  } catch (cause) {
    const message = `${printable(name)} can't be read (${messageOf(cause)}); if the file has changed since it was chosen, choose it again`;
    throw new Pytree2SafetensorsError("IoError", message, { source: name, cause });
  }
  if (buffer.byteLength !== end - start) throw shortRead(name, start, end, buffer.byteLength);
  return new Uint8Array(buffer);
}
