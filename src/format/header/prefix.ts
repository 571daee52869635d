// What the first bytes of a file say: how long its header is, or that it is the index of a sharded checkpoint.
import { type ErrorCode, Pytree2SafetensorsError } from "../../base/errors.ts";
import { explainForeign } from "../foreign.ts";

/** The bytes before the header: its length as a little-endian u64. */
export const PREFIX_BYTES = 8;

/** The key of the one entry of a header that is no tensor. */
export const METADATA_KEY = "__metadata__";

/** The longest header that is read or written: the reference implementation's own cap. */
export const MAX_HEADER_BYTES = 100_000_000;

/**
 * The length N of the header that follows the first 8 bytes of a file.
 *
 * @param start The start of the file: its first 8 bytes, or better a few hundred, by which the errors can tell what it
 * really is.
 * @param fileSize The size of the whole file in bytes.
 * @throws HeaderTooSmall, HeaderTooLarge or InvalidHeaderLength.
 */
export function headerLength(start: Uint8Array, fileSize: number): number {
  const size = Math.min(start.length, fileSize);
  const fail = (code: ErrorCode, message: string, expected: string, found: number | bigint) => {
    const details = { expected: `${expected} bytes`, found: `${found} bytes` };
    return explainForeign(new Pytree2SafetensorsError(code, message, details), start.subarray(0, size));
  };
  if (size < PREFIX_BYTES) {
    const message = `a safetensors file starts with ${PREFIX_BYTES} bytes of header length, this one has ${size} bytes`;
    throw fail("HeaderTooSmall", message, `at least ${PREFIX_BYTES}`, size);
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  const would = `the header would be ${length} bytes long, the`;
  if (length > MAX_HEADER_BYTES) {
    const message = `${would} limit is ${MAX_HEADER_BYTES}: not a safetensors file?`;
    throw fail("HeaderTooLarge", message, `at most ${MAX_HEADER_BYTES}`, length);
  }
  const rest = fileSize - PREFIX_BYTES;
  if (Number(length) > rest) {
    const message = `${would} file has ${rest} after its first ${PREFIX_BYTES}: cut short?`;
    throw fail("InvalidHeaderLength", message, `${length}`, rest);
  }
  return Number(length);
}

/**
 * Whether the start of a file is that of an index. A safetensors file begins with a length of at most 100,000,000 as 64
 * bits, so some of its first eight bytes are zero. No byte of a JSON text is.
 */
export function looksLikeIndex(start: Uint8Array): boolean {
  if (start.subarray(0, PREFIX_BYTES).includes(0)) return false;
  // The decoder takes off a byte order mark. In browsers, it refuses shared memory.
  return /^[ \t\n\r]*\{/.test(new TextDecoder().decode(start.slice()));
}
