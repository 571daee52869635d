/** How far a download of unknown length may be read: no further than the file's header says that it goes. */
import { fileLength } from "../format/header/file-length.ts";
import { headerLength, looksLikeIndex, PREFIX_BYTES } from "../format/header/prefix.ts";
import { MAX_INDEX_BYTES } from "./head.ts";

/** The bound of a body that begins so; see `BodyBound` in `io/options.ts`. */
export function bodyBound(prefix: Uint8Array): number {
  if (prefix.byteLength < PREFIX_BYTES) return PREFIX_BYTES;
  if (looksLikeIndex(prefix)) return MAX_INDEX_BYTES;
  const end = PREFIX_BYTES + headerLength(prefix, Number.MAX_SAFE_INTEGER);
  return prefix.byteLength < end ? end : fileLength(prefix.subarray(PREFIX_BYTES, end));
}
