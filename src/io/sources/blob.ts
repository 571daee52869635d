/** Blobs and files that the user chose, and the URLs that stand for them. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { messageOf, printable } from "../../base/quote.ts";
import { type BlobLike, isBlob } from "../duck-types.ts";
import { attempt, cannot, shortRead } from "../faults.ts";
import type { OpenSourceOptions } from "../options.ts";
import type { ByteSource, ReadOptions } from "../types.ts";
import type { Opened } from "./kind.ts";
import { displayUrl } from "./response.ts";

/** Opens a `Blob` or `File`, or anything with `size` and `slice().arrayBuffer()`. */
export function openBlob(input: unknown): Opened | undefined {
  return isBlob(input) ? { source: blobSource(input), owned: true } : undefined;
}

/** Opens a `blob:` or `data:` URL: its bytes are in this machine's memory or storage already. */
export async function openFetched(url: URL, { signal }: OpenSourceOptions): Promise<Opened> {
  const name = displayUrl(url.href);
  const fail = (cause: unknown) =>
    signal?.aborted ? signal.reason : cannot("IoError", "read the", name, messageOf(cause), { cause });
  return attempt(fail, async () => {
    const response = await fetch(url, { signal: signal ?? null });
    return { source: blobSource(await response.blob(), name), owned: true };
  });
}

function blobSource(blob: BlobLike, name = "blob"): ByteSource {
  return {
    size: blob.size,
    name,
    // Lazy blobs ask a server, which is faster in several requests at once.
    fresh: blob instanceof Blob,
    read: (start, end, options) => readBlob(blob, start, end, name, options),
  };
}

/** Reads `[start, end)` of a blob, at once: whoever reads much of a source reads it in pieces. */
export async function readBlob(
  blob: BlobLike,
  start: number,
  end: number,
  name: string,
  { into }: ReadOptions = {},
): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await blob.slice(start, end).arrayBuffer());
  } catch (cause) {
    const message = `${printable(name)} can't be read (${messageOf(cause)}); if the file has changed since it was chosen, choose it again`;
    throw new Pytree2SafetensorsError("IoError", message, { source: name, cause });
  }
  if (bytes.byteLength !== end - start) throw shortRead(name, start, end, bytes.byteLength);
  into?.set(bytes);
  return into ?? bytes;
}
