/** How long a file is by its header alone, for bodies whose end isn't known. */
import { PREFIX_BYTES } from "./prefix.ts";
import { END, WIDTH } from "./rows.ts";
import { scanHeader } from "./scan.ts";

/**
 * Where the last tensor ends in the file: no valid file with this header is longer.
 *
 * @param header The N bytes after the first 8.
 * @throws What is wrong with the JSON, or with one entry alone.
 */
export function fileLength(header: Uint8Array): number {
  const { names, rows } = scanHeader(header);
  let end = 0;
  for (let i = 0; i < names.count; i++) end = Math.max(end, rows[i * WIDTH + END]!);
  return PREFIX_BYTES + header.byteLength + end;
}
