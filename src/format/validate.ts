import { reportFaults } from "./report.ts";
import type { Scan } from "./scan.ts";

/**
 * Checks that the tensors lie end to end in the data, from its first byte to its last, each as long as its shape
 * and dtype say. Returns their order: `order[i]` is the row of the header that comes i-th, `undefined` if the
 * header is in data order already.
 *
 * @throws InvalidOffset, ValidationOverflow, MisalignedSlice, TensorInvalidInfo or MetadataIncompleteBuffer, the
 * first in the reference's order, with all of them in `faults`.
 */
export function checkOffsets(scan: Scan, header: Uint8Array, dataBytes: number): Uint32Array | undefined {
  const count = scan.names.count;
  const { begins, ends } = scan.columns;
  let order: Uint32Array | undefined;
  if (!isSorted(begins, ends, count)) {
    order = new Uint32Array(count).map((_, row) => row);
    order.sort((a, b) => begins[a]! - begins[b]! || ends[a]! - ends[b]! || a - b);
  }
  if (scan.suspect || !isEndToEnd(begins, ends, count, order, dataBytes)) {
    reportFaults(scan, header, dataBytes, order);
  }
  return order;
}

function isSorted(begins: Float64Array, ends: Float64Array, count: number): boolean {
  for (let i = 1; i < count; i++) {
    const step = begins[i]! - begins[i - 1]!;
    if (step < 0 || (step === 0 && ends[i]! < ends[i - 1]!)) return false;
  }
  return true;
}

function isEndToEnd(
  begins: Float64Array,
  ends: Float64Array,
  count: number,
  order: Uint32Array | undefined,
  dataBytes: number,
): boolean {
  let position = 0;
  for (let i = 0; i < count; i++) {
    const row = order ? order[i]! : i;
    if (begins[row] !== position || ends[row]! < position) return false;
    position = ends[row]!;
  }
  return position === dataBytes;
}
