/** Counts finite values that a narrowing cast makes infinity or NaN. */
import { isFloat } from "./convert.ts";
import { DTYPES, type Dtype, type DtypeArray, lanes } from "./dtypes.ts";
import { type Codes, floatsOf } from "./float-codes.ts";
import { FLOAT_FORMATS, type FloatFormat, isCodedFloat } from "./float-formats.ts";

// Elements that are looked at together: most pieces have nothing to tell, and what costs is finding that out.
const BLOCK = 4096;

/** What a cast has lost so far, added up over the pieces of a tensor. */
export class Overflow {
  /** How many finite values became infinity or NaN. */
  count = 0;
  /** The largest of their magnitudes. */
  largest = 0;

  /** Looks at a piece that was converted. */
  add(source: DtypeArray, from: Dtype, target: DtypeArray, to: Dtype): void {
    if (!mayOverflow(from, to)) return;
    const elements = target.length / lanes(to);
    for (let start = 0; start < elements; start += BLOCK) {
      const blockOf = (array: DtypeArray, dtype: Dtype) =>
        array.subarray(start * lanes(dtype), (start + BLOCK) * lanes(dtype));
      const after = blockOf(target, to);
      if (!isFine(after, to)) this.#count(blockOf(source, from), from, after, to);
    }
  }

  #count(source: DtypeArray, from: Dtype, target: DtypeArray, to: Dtype): void {
    const before = numbersOf(source, from);
    const after = numbersOf(target, to);
    // C64 has two numbers an element; what is real is the first of them.
    const ratio = before.length / after.length;
    for (let i = 0; i < after.length; i++) {
      const value = before[Math.floor(i * ratio)]!;
      if (Number.isFinite(after[i]) || !Number.isFinite(value)) continue;
      this.count++;
      this.largest = Math.max(this.largest, Math.abs(value));
    }
  }
}

/** Whether a float dtype has finite values that another has no finite code for. F4 saturates, so it loses none. */
function mayOverflow(from: Dtype, to: Dtype): boolean {
  // A float32 holds the values of every format that has codes.
  const holds = to === "F4" || to === "F64" || (isCodedFloat(from) && !isCodedFloat(to));
  return isFloat(from) && isFloat(to) && from !== to && !holds && DTYPES[to].bits <= 64;
}

/** Whether all values are known to be finite. */
function isFine(values: DtypeArray, dtype: Dtype): boolean {
  if (isCodedFloat(dtype)) return areFiniteCodes(values as Codes, FLOAT_FORMATS[dtype]);
  let rest = 0;
  for (let i = 0; i < values.length; i++) rest += (values as Float32Array)[i]! - (values as Float32Array)[i]!;
  return rest === 0;
}

/**
 * The same of the codes of a format, a word of two or four at a time: 5 times as fast as code by code. What is no whole
 * number of words is not known.
 */
function areFiniteCodes(codes: Codes, { sign, max, nan, unsignedZero }: FloatFormat): boolean {
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: width } = codes;
  if (byteOffset % 4 !== 0 || byteLength % 4 !== 0) return false;
  const words = new Int32Array(buffer, byteOffset, byteLength / 4);
  const each = width === 2 ? 0x00010001 : 0x01010101;
  const tops = each << (8 * width - 1);
  let found = 0;
  if (sign === 0 || unsignedZero) {
    // One code is not finite: it is the one that leaves zero.
    const pattern = Math.imul(nan, each);
    for (let i = 0; i < words.length; i++) {
      const rest = words[i]! ^ pattern;
      found |= (rest - each) & ~rest;
    }
  } else {
    // All magnitudes above the largest finite one: with what it lacks of the top bit added, they reach it.
    const missing = Math.imul(sign - 1 - max, each);
    for (let i = 0; i < words.length; i++) found |= (words[i]! & ~tops) + missing;
  }
  return (found & tops) === 0;
}

function numbersOf(values: DtypeArray, dtype: Dtype): ArrayLike<number> {
  return isCodedFloat(dtype) ? floatsOf(dtype, values) : (values as Float32Array);
}
