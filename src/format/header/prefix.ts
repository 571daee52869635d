// The eight bytes before the header.
import { foreignError } from "../foreign.ts";

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
 * @param contentType What an HTTP response calls the file, for the errors.
 * @throws HeaderTooSmall, HeaderTooLarge or InvalidHeaderLength.
 */
export function headerLength(start: Uint8Array, fileSize: number, contentType?: string): number {
  if (start.length < PREFIX_BYTES || fileSize < PREFIX_BYTES) {
    const size = Math.min(start.length, fileSize);
    const expected = `at least ${PREFIX_BYTES} bytes`;
    const message = `a safetensors file starts with ${PREFIX_BYTES} bytes of header length, this one has ${size} bytes`;
    const details = { expected, found: `${size} bytes` };
    throw foreignError("HeaderTooSmall", message, details, start.subarray(0, size), contentType);
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    const details = { expected: `at most ${MAX_HEADER_BYTES} bytes`, found: `${length} bytes` };
    const message = `the header would be ${length} bytes long, the limit is ${MAX_HEADER_BYTES}: not a safetensors file?`;
    throw foreignError("HeaderTooLarge", message, details, start, contentType);
  }
  const rest = fileSize - PREFIX_BYTES;
  if (Number(length) > rest) {
    const details = { expected: `${length} bytes`, found: `${rest} bytes` };
    const message = `the header would be ${length} bytes long, the file has ${rest} after its first ${PREFIX_BYTES}: cut short?`;
    throw foreignError("InvalidHeaderLength", message, details, start, contentType);
  }
  return Number(length);
}
