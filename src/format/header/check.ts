// Checks of a header's numbers against each other and against the file.
import type { ErrorCode } from "../../base/errors.ts";
import { DTYPE_NAMES } from "../../tensor/dtypes.ts";
import { decodeUtf8 } from "../utf8.ts";
import { FaultList } from "./faults.ts";
import { CLOSE_BRACKET } from "./json.ts";
import { BEGIN, DTYPE, DTYPE_BITS, END, OFFSETS_AT, SHAPE_AT, WIDTH } from "./rows.ts";
import type { HeaderScan } from "./scan.ts";

/**
 * Checks that the tensors lie end to end in the data, from its first byte to its last, each as long as its shape
 * and dtype say. Returns their order: `order[i]` is the row of the header that comes i-th, `undefined` if the
 * header is in data order already.
 *
 * @throws InvalidOffset, ValidationOverflow, MisalignedSlice, TensorInvalidInfo or MetadataIncompleteBuffer, the
 * first in the reference's order, with all of them in `faults`.
 */
export function checkOffsets(scan: HeaderScan, dataBytes: number): Uint32Array | undefined {
  // What lies end to end in the header's order is in data order.
  if (!scan.suspect && isEndToEnd(scan, undefined, dataBytes)) return undefined;
  const order = !scan.cursor.huge && isSorted(scan) ? undefined : sorted(scan);
  if (scan.suspect || !isEndToEnd(scan, order, dataBytes)) reportFaults(scan, dataBytes, order);
  return order;
}

function isEndToEnd({ names, rows }: HeaderScan, order: Uint32Array | undefined, dataBytes: number): boolean {
  let position = 0;
  for (let i = 0; i < names.count; i++) {
    const at = (order ? order[i]! : i) * WIDTH;
    // A tensor that ends before it starts is suspect already: no shape has fewer than 0 bytes.
    if (rows[at + BEGIN] !== position) return false;
    position = rows[at + END]!;
  }
  return position === dataBytes;
}

// By start, then by end: empty tensors go before the one that starts at the same offset.
function isSorted({ names, rows }: HeaderScan, order?: Uint32Array): boolean {
  for (let i = 1; i < names.count; i++) {
    const [before, at] = order ? [order[i - 1]! * WIDTH, order[i]! * WIDTH] : [(i - 1) * WIDTH, i * WIDTH];
    const step = rows[at + BEGIN]! - rows[before + BEGIN]!;
    if (step < 0 || (step === 0 && rows[at + END]! < rows[before + END]!)) return false;
  }
  return true;
}

function sorted(scan: HeaderScan): Uint32Array {
  const { names, rows, cursor } = scan;
  // Start and row fit in one double for nearly all files, and doubles sort many times as fast without a comparison
  // function; more so than the few files whose empty tensors come out in the wrong place cost.
  const scale = 2 ** Math.ceil(Math.log2(names.count));
  const keys = new Float64Array(names.count).map((_, row) => rows[row * WIDTH + BEGIN]! * scale + row).sort();
  const order = Uint32Array.from(keys, (key) => key % scale);
  if (!cursor.huge && keys.at(-1)! <= Number.MAX_SAFE_INTEGER && isSorted(scan, order)) return order;

  const exact = new BigUint64Array(2 * order.length);
  for (let row = 0; row < order.length; row++) exact.set(exactOffsets(scan, row * WIDTH), 2 * row);
  // As halves, the lower one first: a comparison of bigints would allocate two of them.
  const halves = new Uint32Array(exact.buffer);
  const step = (a: number, b: number, place: number) => halves[4 * a + place]! - halves[4 * b + place]!;
  return order
    .map((_, row) => row)
    .sort((a, b) => step(a, b, 1) || step(a, b, 0) || step(a, b, 3) || step(a, b, 2) || a - b);
}

const U64_END = 1n << 64n;

/**
 * Checks offsets and sizes in exact integers, fault by fault in the reference's order, and throws if there are
 * any. Slow and seldom needed: for headers that the quick checks in doubles could not clear.
 */
function reportFaults(scan: HeaderScan, dataBytes: number, order: Uint32Array | undefined): void {
  const { names, rows, cursor } = scan;
  const faults = new FaultList();
  let position = 0n;
  for (let i = 0; i < names.count && !faults.full; i++) {
    const row = order ? order[i]! : i;
    const at = row * WIDTH;
    const [begin, end] = exactOffsets(scan, at);
    const offsets = `data_offsets [${begin},${end}]`;
    const add = (code: ErrorCode, expected: string, found: string) =>
      faults.add(code, () => names.text(row), expected, found);
    if (begin !== position) add("InvalidOffset", `the next data to start at ${position}`, offsets);
    else if (end < begin) add("InvalidOffset", "an end that is not before the start", offsets);
    if (end > position) position = end;

    const dtype = rows[at + DTYPE]!;
    const shapeAt = rows[at + SHAPE_AT]!;
    const { bits, large } = exactBits(cursor.bytes, shapeAt, BigInt(DTYPE_BITS[dtype]!));
    const shape = cursor.excerpt(shapeAt, cursor.bytes.indexOf(CLOSE_BRACKET, shapeAt) + 1);
    const what = `${DTYPE_NAMES[dtype]} of shape ${shape}`;
    if (bits >= U64_END) add("ValidationOverflow", "a size below 2^64 bits", what);
    else if (bits % 8n) add("MisalignedSlice", "a whole number of bytes", `${bits} bits: ${what}`);
    else if (end - begin !== bits / 8n) add("TensorInvalidInfo", `${bits / 8n} bytes, ${what}`, offsets);
    // The reference takes it, but a shape of numbers could not hold it.
    else if (large && bits === 0n) add("ValidationOverflow", "sizes up to 2^53 - 1", what);
  }
  if (position !== BigInt(dataBytes)) {
    const expected = `${position} bytes of data`;
    const found = `${dataBytes}`;
    const wrong = position > dataBytes ? "short" : "long";
    const message = `the header says ${expected}, found ${found}: the file is too ${wrong}`;
    faults.push({ code: "MetadataIncompleteBuffer", message, expected, found });
  }
  faults.throwIfAny();
}

function exactOffsets({ rows, cursor: { bytes } }: HeaderScan, at: number): [begin: bigint, end: bigint] {
  const offsets = [rows[at + BEGIN]!, rows[at + END]!] as const;
  if (Math.max(...offsets) < Number.MAX_SAFE_INTEGER) return [BigInt(offsets[0]), BigInt(offsets[1])];
  const start = rows[at + OFFSETS_AT]!;
  const [begin, end] = decodeUtf8(bytes, start, bytes.indexOf(CLOSE_BRACKET, start)).match(/\d+/g)!;
  return [BigInt(begin!), BigInt(end!)];
}

// Multiplies left to right as the reference does, so that a zero doesn't undo an overflow before it.
function exactBits(bytes: Uint8Array, shapeAt: number, bitsEach: bigint) {
  let bits = 1n;
  let large = false;
  const multiply = (size: bigint) => {
    if (bits < U64_END) bits *= size;
  };
  let start = 0;
  let size = 0;
  for (let p = shapeAt + 1; ; p++) {
    const digit = bytes[p]! - 0x30;
    if (digit >= 0 && digit <= 9) {
      start ||= p;
      size = size * 10 + digit;
      continue;
    }
    if (size >= Number.MAX_SAFE_INTEGER) {
      const exact = BigInt(decodeUtf8(bytes, start, p));
      large ||= exact > Number.MAX_SAFE_INTEGER;
      multiply(exact);
    } else if (start > 0 && size !== 1) multiply(BigInt(size));
    if (bytes[p] === CLOSE_BRACKET) break;
    start = size = 0;
  }
  multiply(bitsEach);
  return { bits, large };
}
