import type { ErrorCode } from "../base/errors.ts";
import { DTYPE_NAMES } from "../tensor/dtypes.ts";
import { DTYPE_BITS } from "./columns.ts";
import { FaultList } from "./faults.ts";
import { CLOSE_BRACKET, exactInteger, JsonCursor } from "./json.ts";
import type { Scan } from "./scan.ts";

const U64_END = 1n << 64n;

/**
 * Checks offsets and sizes in exact integers, fault by fault in the reference's order, and throws if there are
 * any. Slow and seldom needed: for headers that the quick checks in doubles could not clear.
 */
export function reportFaults(scan: Scan, header: Uint8Array, dataBytes: number, order?: Uint32Array): void {
  const { names, columns } = scan;
  const faults = new FaultList();
  const rows = scan.huge ? exactOrder(scan, header) : order;
  let position = 0n;
  for (let i = 0; i < names.count && !faults.full; i++) {
    const row = rows ? rows[i]! : i;
    const begin = offsetAt(scan, header, row, 0);
    const end = offsetAt(scan, header, row, 1);
    const offsets = `data_offsets [${begin},${end}]`;
    const add = (code: ErrorCode, expected: string, found: string): void => {
      faults.add(() => {
        const tensor = names.text(row);
        const message = `tensor ${JSON.stringify(tensor)}: expected ${expected}, found ${found}`;
        return { code, message, tensor, expected, found };
      });
    };
    if (begin !== position) add("InvalidOffset", `the next data to start at ${position}`, offsets);
    else if (end < begin) add("InvalidOffset", "an end that is not before the start", offsets);
    if (end > position) position = end;

    const code = DTYPE_BITS[columns.dtypes[row]!]!;
    const { bits, overflow, large } = exactBits(header, columns.shapeAt[row]!, BigInt(code));
    const what = () => {
      const at = columns.shapeAt[row]!;
      const shape = new JsonCursor(header).excerpt(at, header.indexOf(0x5d, at) + 1);
      return `${DTYPE_NAMES[columns.dtypes[row]!]} of shape ${shape}`;
    };
    if (overflow) add("ValidationOverflow", "a size below 2^64 bits", what());
    else if (bits % 8n) add("MisalignedSlice", "a whole number of bytes", `${bits} bits: ${what()}`);
    else if (end - begin !== bits / 8n) add("TensorInvalidInfo", `${bits / 8n} bytes, ${what()}`, offsets);
    // Only an empty tensor gets here. The reference takes it, but its shape has no exact place in a number.
    else if (large) add("ValidationOverflow", "sizes up to 2^53 - 1", what());
  }
  if (position !== BigInt(dataBytes)) {
    const expected = `${position} bytes of data`;
    const found = `${dataBytes}`;
    const message = `the tensors span ${position} bytes of data, the file has ${dataBytes}: cut short, or too long?`;
    faults.add(() => ({ code: "MetadataIncompleteBuffer", message, expected, found }));
  }
  faults.throwIfAny();
}

function exactOrder(scan: Scan, header: Uint8Array): Uint32Array {
  const { count } = scan.names;
  const begins = new BigUint64Array(count).map((_, row) => offsetAt(scan, header, row, 0));
  const ends = new BigUint64Array(count).map((_, row) => offsetAt(scan, header, row, 1));
  const compare = (column: BigUint64Array, a: number, b: number) =>
    column[a]! < column[b]! ? -1 : column[a]! > column[b]! ? 1 : 0;
  const order = new Uint32Array(count).map((_, row) => row);
  return order.sort((a, b) => compare(begins, a, b) || compare(ends, a, b) || a - b);
}

function offsetAt(scan: Scan, header: Uint8Array, row: number, which: 0 | 1): bigint {
  const value = scan.columns[which === 0 ? "begins" : "ends"][row]!;
  if (value < Number.MAX_SAFE_INTEGER) return BigInt(value);
  const cursor = new JsonCursor(header);
  cursor.pos = scan.columns.offsetsAt[row]! + 1;
  cursor.next();
  if (which === 1) {
    cursor.u64();
    cursor.more(CLOSE_BRACKET);
    cursor.next();
  }
  return exactInteger(header, cursor.pos);
}

// Multiplies left to right as the reference does, so that a zero doesn't undo an overflow before it.
function exactBits(header: Uint8Array, shapeAt: number, bitsEach: bigint) {
  const cursor = new JsonCursor(header);
  cursor.pos = shapeAt + 1;
  let bits = 1n;
  let large = false;
  if (!cursor.empty(CLOSE_BRACKET)) {
    do {
      cursor.next();
      const start = cursor.pos;
      const size = cursor.u64();
      if (size >= Number.MAX_SAFE_INTEGER) large ||= exactInteger(header, start) > Number.MAX_SAFE_INTEGER;
      if (size !== 1) bits *= size < Number.MAX_SAFE_INTEGER ? BigInt(size) : exactInteger(header, start);
    } while (bits < U64_END && cursor.more(CLOSE_BRACKET));
  }
  if (bits < U64_END) bits *= bitsEach;
  return { bits, overflow: bits >= U64_END, large };
}
