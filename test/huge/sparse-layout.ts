/** A file of 10 GB that takes a few kB on the disk: many tensors of which only the first row is written. */
export const BIG = {
  tensors: 2560,
  rows: 1024,
  columns: 1024,
  rowBytes: 4096,
  tensorBytes: 4 * 2 ** 20,
} as const;

/** The name of one of its tensors. */
export function bigName(index: number): string {
  return `layers#${index}@w`;
}

/** The first row of one of its tensors. */
export function bigRow(index: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: BIG.columns }, (_, i) => index * 1000 + i);
}
