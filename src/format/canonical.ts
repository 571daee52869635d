import { DTYPE_NAMES } from "../tensor/dtypes.ts";
import { type Columns, DTYPE_BITS, dtypeCode, EXACT_ELEMENTS, isDtypeAt } from "./columns.ts";
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACKET, QUOTE } from "./json.ts";

const BEFORE_DTYPE = ':{"dtype":"';
const BEFORE_SHAPE = '","shape":[';
const BEFORE_OFFSETS = ',"data_offsets":[';
// None of these is looked for closer to the header's end.
const LONGEST_TEXT = BEFORE_OFFSETS.length;
const MAX_DTYPE_BYTES = Math.max(...DTYPE_NAMES.map((name) => name.length));

// The same as little-endian words, compared four bytes at a time; the last of three overlaps the second.
const DTYPE_0 = word(BEFORE_DTYPE, 0);
const DTYPE_4 = word(BEFORE_DTYPE, 4);
const DTYPE_7 = word(BEFORE_DTYPE, 7);
const SHAPE_0 = word(BEFORE_SHAPE, 0);
const SHAPE_4 = word(BEFORE_SHAPE, 4);
const SHAPE_7 = word(BEFORE_SHAPE, 7);
const OFFSETS_0 = word(BEFORE_OFFSETS, 0);
const OFFSETS_4 = word(BEFORE_OFFSETS, 4);
const OFFSETS_8 = word(BEFORE_OFFSETS, 8);
const OFFSETS_12 = word(BEFORE_OFFSETS, 12);

// Integers of more digits are left to the general reader: these are exact in doubles.
const MAX_DIGITS = 15;

/**
 * Reads entries in the one layout that the reference serializer writes,
 * `:{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}`. It knows of no errors: whatever looks otherwise, or
 * does not add up, is left to the general reader. Worth it because nearly every file looks like this: a header
 * of 500,000 tensors opens in a third of the general reader's time.
 */
export class CanonicalReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #columns: Columns;
  #dtype = 0;

  constructor(bytes: Uint8Array, columns: Columns) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#columns = columns;
  }

  /** Reads the rest of an entry, `start` being the position after its name; the position after it, or 0. */
  read(start: number, row: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const columns = this.#columns;
    if (start + LONGEST_TEXT > bytes.length) return 0;
    if (
      view.getInt32(start, true) !== DTYPE_0 ||
      view.getInt32(start + 4, true) !== DTYPE_4 ||
      view.getInt32(start + 7, true) !== DTYPE_7
    ) {
      return 0;
    }
    let p = start + BEFORE_DTYPE.length;
    const dtypeStart = p;
    while (bytes[p] !== QUOTE) if (++p - dtypeStart > MAX_DTYPE_BYTES) return 0;
    if (!isDtypeAt(bytes, dtypeStart, p, this.#dtype)) {
      const code = dtypeCode(bytes, dtypeStart, p);
      if (code < 0) return 0;
      this.#dtype = code;
    }
    if (p + LONGEST_TEXT > bytes.length) return 0;
    if (
      view.getInt32(p, true) !== SHAPE_0 ||
      view.getInt32(p + 4, true) !== SHAPE_4 ||
      view.getInt32(p + 7, true) !== SHAPE_7
    ) {
      return 0;
    }
    p += BEFORE_SHAPE.length;
    const shapeAt = p - 1;
    let elements = 1;
    if (bytes[p] === CLOSE_BRACKET) p++;
    else {
      for (;;) {
        const first = p;
        let size = 0;
        for (let digit = bytes[p]! ^ 0x30; digit <= 9; digit = bytes[p]! ^ 0x30) {
          size = size * 10 + digit;
          p++;
        }
        if (!isPlain(bytes, first, p)) return 0;
        elements *= size;
        // Here, not at the end: a zero further on must not hide an overflow.
        if (elements > EXACT_ELEMENTS) return 0;
        const byte = bytes[p++];
        if (byte === CLOSE_BRACKET) break;
        if (byte !== COMMA) return 0;
      }
    }
    if (p + LONGEST_TEXT > bytes.length) return 0;
    if (
      view.getInt32(p, true) !== OFFSETS_0 ||
      view.getInt32(p + 4, true) !== OFFSETS_4 ||
      view.getInt32(p + 8, true) !== OFFSETS_8 ||
      view.getInt32(p + 12, true) !== OFFSETS_12 ||
      bytes[p + 16] !== OPEN_BRACKET
    ) {
      return 0;
    }
    p += BEFORE_OFFSETS.length;
    const offsetsAt = p - 1;
    const beginAt = p;
    let begin = 0;
    for (let digit = bytes[p]! ^ 0x30; digit <= 9; digit = bytes[p]! ^ 0x30) {
      begin = begin * 10 + digit;
      p++;
    }
    if (bytes[p] !== COMMA || !isPlain(bytes, beginAt, p)) return 0;
    const endAt = ++p;
    let end = 0;
    for (let digit = bytes[p]! ^ 0x30; digit <= 9; digit = bytes[p]! ^ 0x30) {
      end = end * 10 + digit;
      p++;
    }
    if (bytes[p] !== CLOSE_BRACKET || bytes[p + 1] !== CLOSE_BRACE || !isPlain(bytes, endAt, p)) return 0;
    if (elements * DTYPE_BITS[this.#dtype]! !== (end - begin) * 8) return 0;
    columns.dtypes[row] = this.#dtype;
    columns.begins[row] = begin;
    columns.ends[row] = end;
    columns.shapeAt[row] = shapeAt;
    columns.offsetsAt[row] = offsetsAt;
    return p + 2;
  }
}

// Digits that are an integer, without a leading zero, and few enough to be exact.
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  const digits = end - start;
  return digits > 0 && digits <= MAX_DIGITS && (digits === 1 || bytes[start] !== 0x30);
}

function word(text: string, at: number): number {
  return [3, 2, 1, 0].reduce((bits, i) => (bits << 8) | text.charCodeAt(at + i), 0);
}
