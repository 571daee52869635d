/** How far a body that is read whole may go: no further than its header, or a limit for indices, says. */
import { MAX_HEADER_BYTES, PREFIX_BYTES } from "../format/header/prefix.ts";
import { isIndex, MAX_INDEX_BYTES } from "./head.ts";

/**
 * The bytes that a body may have, given its first ones: at first its prefix, then its header, then all that the header
 * describes. What isn't a safetensors file or an index is read no further; parsing it tells why.
 */
export function bodyBound(prefix: Uint8Array): number {
  if (prefix.byteLength < PREFIX_BYTES) return PREFIX_BYTES;
  if (isIndex(prefix)) return MAX_INDEX_BYTES;
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  const dataStart = PREFIX_BYTES + length;
  if (length > MAX_HEADER_BYTES) return prefix.byteLength;
  if (prefix.byteLength < dataStart) return dataStart;
  return dataStart + dataBytes(prefix.subarray(PREFIX_BYTES, dataStart));
}

/** The bytes that a header describes; 0 for what is not a header, which the parser refuses later. */
function dataBytes(header: Uint8Array): number {
  let end = 0;
  try {
    const entries = JSON.parse(new TextDecoder().decode(header)) as Record<
      string,
      { data_offsets?: unknown[] }
    >;
    for (const entry of Object.values(entries)) {
      const offset = entry?.data_offsets?.[1];
      if (typeof offset === "number" && Number.isSafeInteger(offset)) end = Math.max(end, offset);
    }
  } catch {
    return 0;
  }
  return end;
}
