import { reportFaults } from "./report.ts";
import { BEGIN, END, WIDTH } from "./rows.ts";
import type { Scan } from "./scan.ts";

/**
 * Checks that the tensors lie end to end in the data, from its first byte to its last, each as long as its shape
 * and dtype say. Returns their order: `order[i]` is the row of the header that comes i-th, `undefined` if the
 * header is in data order already.
 *
 * @throws InvalidOffset, ValidationOverflow, MisalignedSlice, TensorInvalidInfo or MetadataIncompleteBuffer, the
 * first in the reference's order, with all of them in `faults`.
 */
export function checkOffsets(scan: Scan, dataBytes: number): Uint32Array | undefined {
  const order = isSorted(scan) ? undefined : sorted(scan);
  if (scan.suspect || !isEndToEnd(scan, order, dataBytes)) reportFaults(scan, dataBytes, order);
  return order;
}

// By start, then by end: empty tensors go before the one that starts where they lie.
function isSorted({ names, rows }: Scan, order?: Uint32Array): boolean {
  for (let i = 1; i < names.count; i++) {
    const [before, at] = order ? [order[i - 1]! * WIDTH, order[i]! * WIDTH] : [(i - 1) * WIDTH, i * WIDTH];
    const step = rows[at + BEGIN]! - rows[before + BEGIN]!;
    if (step < 0 || (step === 0 && rows[at + END]! < rows[before + END]!)) return false;
  }
  return true;
}

function sorted(scan: Scan): Uint32Array {
  const { names, rows } = scan;
  // Start and row fit in one double for nearly all files, and doubles sort many times as fast without a comparison
  // function; more so than the few files whose empty tensors come out in the wrong place cost.
  const scale = 2 ** Math.ceil(Math.log2(names.count));
  const keys = new Float64Array(names.count).map((_, row) => rows[row * WIDTH + BEGIN]! * scale + row).sort();
  const order = Uint32Array.from(keys, (key) => key % scale);
  if (keys.at(-1)! <= Number.MAX_SAFE_INTEGER && isSorted(scan, order)) return order;
  const step = (a: number, b: number, place: number) => rows[a * WIDTH + place]! - rows[b * WIDTH + place]!;
  return order.map((_, row) => row).sort((a, b) => step(a, b, BEGIN) || step(a, b, END) || a - b);
}

function isEndToEnd({ names, rows }: Scan, order: Uint32Array | undefined, dataBytes: number): boolean {
  let position = 0;
  for (let i = 0; i < names.count; i++) {
    const at = (order ? order[i]! : i) * WIDTH;
    // Ends before starts are suspect already: no shape has fewer than 0 bytes.
    if (rows[at + BEGIN] !== position) return false;
    position = rows[at + END]!;
  }
  return position === dataBytes;
}
