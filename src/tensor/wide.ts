import type { Dtype, TypedArrayClass } from "./dtypes.ts";

/** Elements that no double holds. They are handled as pairs of 32-bit words: BigInts are 10 times as slow. */
export type WideArray = BigInt64Array | BigUint64Array;

type WideDtype = "I64" | "U64";

const WORD = 2 ** 32;

/** Whether the elements are 64-bit integers. */
export function isWide(dtype: Dtype): dtype is WideDtype {
  return dtype === "I64" || dtype === "U64";
}

/**
 * 64-bit integers as the nearest doubles. Returns the index of the first that has none of its own, or -1.
 *
 * With `odd`, such a number is cut to 53 bits of which the last one stands for all that were cut off (rounding to
 * odd), so that rounding it further to a smaller float rounds as if from the integer itself, and it equals no
 * double that came from elsewhere.
 */
export function readWide(source: WideArray, dtype: WideDtype, values: Float64Array, odd: boolean): number {
  const low = wordsOf(source, Uint32Array);
  const high = dtype === "I64" ? wordsOf(source, Int32Array) : low;
  let inexact = -1;
  for (let i = 0; i < source.length; i++) {
    const upper = high[2 * i + 1]! * WORD;
    const lower = low[2 * i]!;
    const value = upper + lower;
    values[i] = value;
    if (value - upper === lower) continue;
    if (inexact < 0) inexact = i;
    // 11 bits, because just below 2^64 doubles are 2^11 apart.
    if (odd) values[i] = upper + ((lower >>> 11) | ((lower & 0x7ff) === 0 ? 0 : 1)) * 2 ** 11;
  }
  return inexact;
}

/** The lower halves of 64-bit integers, which are the integers modulo 2^32. */
export function lowWords(source: WideArray): Uint32Array {
  const words = wordsOf(source, Uint32Array);
  const low = new Uint32Array(source.length);
  for (let i = 0; i < low.length; i++) low[i] = words[2 * i]!;
  return low;
}

/**
 * Doubles as 64-bit integers, which wrap around; or with `saturate`, what is out of range becomes the nearest,
 * fractions are cut off, and NaN is 0.
 */
export function writeWide(
  values: Float64Array,
  target: WideArray,
  dtype: WideDtype,
  saturate: boolean,
): void {
  const words = wordsOf(target, Uint32Array);
  const [min, max] = dtype === "I64" ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  // As doubles: the largest one rounds up to the first that is out of range.
  const [start, end] = [Number(min), Number(max)];
  for (let i = 0; i < target.length; i++) {
    const value = Math.trunc(values[i]!);
    if (saturate && !(value >= start && value < end)) {
      target[i] = value >= end ? max : value < start ? min : 0n;
    } else {
      words[2 * i] = value;
      words[2 * i + 1] = Math.floor(value / WORD);
    }
  }
}

function wordsOf<W>(array: WideArray, Words: TypedArrayClass<W>): W {
  return new Words(array.buffer, array.byteOffset, 2 * array.length);
}
