// Where a tensor's bytes lie in its file.
import type { SafetensorsFile } from "../../../src/index.ts";

const starts = new WeakMap<SafetensorsFile, ReadonlyMap<string, number>>();

/**
 * The offset of a tensor's first byte in the file. Data follow one another without gaps, in the order of the names,
 * and end where the file ends. Unknown for several files, where each has a header of its own.
 */
export function offsetOf(file: SafetensorsFile, name: string): number | undefined {
  const known = starts.get(file) ?? startsOf(file);
  starts.set(file, known);
  return known.get(name);
}

function startsOf(file: SafetensorsFile): ReadonlyMap<string, number> {
  const lengths = file.names.map((name) => file.info(name).byteLength);
  const data = lengths.reduce((sum, length) => sum + length, 0);
  let at = file.byteLength - data;
  return new Map(
    file.names.map((name, i) => {
      const start = at;
      at += lengths[i]!;
      return [name, start] as const;
    }),
  );
}
