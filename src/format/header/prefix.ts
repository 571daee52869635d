// The eight bytes before the header.
import { Pytree2SafetensorsError } from "../../base/errors.ts";

/** The bytes before the header: its length as a little-endian u64. */
export const PREFIX_BYTES = 8;

/** The key of the one entry of a header that is no tensor. */
export const METADATA_KEY = "__metadata__";

/** The longest header that is read or written: the reference implementation's own cap. */
export const MAX_HEADER_BYTES = 100_000_000;

/**
 * The length N of the header that follows the first 8 bytes of a file.
 *
 * @param prefix The file's first 8 bytes (more do no harm).
 * @param fileSize The size of the whole file in bytes.
 * @throws HeaderTooSmall, HeaderTooLarge or InvalidHeaderLength.
 */
export function headerLength(prefix: Uint8Array, fileSize: number): number {
  if (prefix.length < PREFIX_BYTES || fileSize < PREFIX_BYTES) {
    const found = Math.min(prefix.length, fileSize);
    throw new Pytree2SafetensorsError(
      "HeaderTooSmall",
      `a safetensors file starts with ${PREFIX_BYTES} bytes of header length, this one has ${found} bytes`,
      { expected: `at least ${PREFIX_BYTES} bytes`, found: `${found} bytes` },
    );
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new Pytree2SafetensorsError(
      "HeaderTooLarge",
      `the header would be ${length} bytes long, the limit is ${MAX_HEADER_BYTES}: not a safetensors file?`,
      { expected: `at most ${MAX_HEADER_BYTES} bytes`, found: `${length} bytes` },
    );
  }
  if (Number(length) > fileSize - PREFIX_BYTES) {
    throw new Pytree2SafetensorsError(
      "InvalidHeaderLength",
      `the header would be ${length} bytes long, the file has ${fileSize - PREFIX_BYTES} after its first ${PREFIX_BYTES}: cut short?`,
      { expected: `${length} bytes`, found: `${fileSize - PREFIX_BYTES} bytes` },
    );
  }
  return Number(length);
}
