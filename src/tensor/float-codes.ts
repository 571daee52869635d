import { type DtypeArray, lanes } from "./dtypes.ts";
import { type CodedFloat, FLOAT_FORMATS, type FloatFormat } from "./float-formats.ts";

/** Codes of a float format: 16-bit ones, or 8-bit ones, or 4-bit ones two to a byte, the low nibble first. */
export type Codes = Uint8Array | Uint16Array;

// float32: 8 bits of exponent, 23 of mantissa.
const MANTISSA = 23;
const BIAS = 127;
const HIDDEN_BIT = 1 << MANTISSA;
const INFINITY_BITS = 0x7f800000;
const QUIET_BIT = 1 << (MANTISSA - 1);

/** Conversions that a platform does faster than a loop; each says whether it did it. */
export interface FastFloats {
  decode(dtype: CodedFloat, codes: Codes, out: Float32Array): boolean;
  encode(dtype: CodedFloat, values: Float32Array, codes: Codes): boolean;
}

let fast: FastFloats | undefined;

/** Teaches the conversions; `simd.node.ts` calls it when it is imported. */
export function setFastFloats(floats: FastFloats | undefined): void {
  fast = floats;
}

/**
 * Decodes codes to the numbers that they stand for, each of which a float32 holds exactly. `out` has an element for
 * each code.
 */
export function decodeFloats(dtype: CodedFloat, codes: Codes, out: Float32Array): void {
  if (fast?.decode(dtype, codes, out)) return;
  const bits = new Int32Array(out.buffer, out.byteOffset, out.length);
  const count = codes.length;
  if (dtype === "BF16") {
    // 0.7 of the speed of copying the output (1e8 elements, fresh memory); two at a time from words is no faster.
    for (let i = 0; i < count; i++) bits[i] = codes[i]! << 16;
    return;
  }
  // Tables: F16 at 0.5 to 0.7 of the speed of copying the output, as far as the cache is free; integer arithmetic with
  // a branch for normal numbers 0.4 to 0.6.
  const table = decodeTable(dtype);
  if (dtype === "F4") {
    for (let i = 0; i < count; i++) {
      const pair = codes[i]!;
      bits[2 * i] = table[pair & 15]!;
      bits[2 * i + 1] = table[pair >> 4]!;
    }
  } else {
    for (let i = 0; i < count; i++) bits[i] = table[codes[i]!]!;
  }
}

/** {@link decodeFloats} into fresh memory. */
export function floatsOf(dtype: CodedFloat, codes: DtypeArray): Float32Array {
  const floats = new Float32Array(codes.length / lanes(dtype));
  decodeFloats(dtype, codes as Codes, floats);
  return floats;
}

/**
 * Encodes numbers, rounding to the nearest code and ties to the even one. What lies beyond the largest finite
 * number becomes infinity where the format has one, else NaN; in F4, which has neither, the largest finite number.
 * NaN becomes NaN, in F4 a zero.
 */
export function encodeFloats(dtype: CodedFloat, values: Float32Array, codes: Codes): void {
  if (fast?.encode(dtype, values, codes)) return;
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  if (dtype === "F16" || dtype === "BF16") {
    encode16(FLOAT_FORMATS[dtype], bits, codes);
    return;
  }
  const table = encodeTable(dtype);
  if (dtype === "F4") {
    for (let i = 0; i < codes.length; i++) {
      codes[i] = table[squeeze(bits[2 * i]!)]! | (table[squeeze(bits[2 * i + 1]!)]! << 4);
    }
  } else {
    for (let i = 0; i < codes.length; i++) codes[i] = table[squeeze(bits[i]!)]!;
  }
}

/**
 * Narrows doubles to float32 by rounding to odd: an inexact one becomes whichever neighbour has an odd mantissa. A
 * later rounding to a format of at most 22 bits of precision then gives what rounding the double itself would;
 * rounding to nearest twice would not (1 + 2^-4 + 2^-40 is above a tie of E4M3, as a float32 it is the tie).
 */
export function narrowToOdd(values: Float64Array, out: Float32Array): void {
  out.set(values);
  const bits = new Int32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < values.length; i++) {
    const exact = values[i]!;
    const rounded = out[i]!;
    if (rounded === exact || Number.isNaN(exact)) continue;
    // Magnitudes order as their bits do, so one less is the neighbour towards zero (of infinity too).
    if (Math.abs(rounded) > Math.abs(exact)) bits[i]!--;
    bits[i]! |= 1;
  }
}

// A float32's upper half, its lowest bit set where anything is cut off: rounding to odd again, to a mantissa of
// 7 bits, which is enough for formats of up to 5. It indexes the table: 3 times as fast as `encodeOne`.
function squeeze(bits: number): number {
  return (bits >>> 16) | ((bits & 0xffff) === 0 ? 0 : 1);
}

// A table of each format, made when it is first needed.
function tableOf<T>(make: (format: FloatFormat) => T): (dtype: CodedFloat) => T {
  const tables = new Map<CodedFloat, T>();
  return (dtype) => {
    const table = tables.get(dtype) ?? make(FLOAT_FORMATS[dtype]);
    tables.set(dtype, table);
    return table;
  };
}

// Every code's float32 bits.
const decodeTable = tableOf((format) =>
  new Int32Array(Math.max(2 * format.sign, 256)).map((_, code) => decodeCode(format, code)),
);

// The codes of all float32 with a mantissa of 7 bits.
const encodeTable = tableOf((format) =>
  new Uint8Array(2 ** 16).map((_, upper) => encodeOne(format, upper << 16)),
);

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

function decodeCode(format: FloatFormat, code: number): number {
  const { sign, mantissa, bias, max, over, nan, unsignedZero, keepsPayload } = format;
  const magnitude = code & ~sign;
  const fraction = magnitude & ((1 << mantissa) - 1);
  const exponent = magnitude >> mantissa;
  const signBit = (code & sign) === 0 ? 0 : 1 << 31;
  if (magnitude > max || (unsignedZero && code === sign)) {
    if (keepsPayload) return signBit | INFINITY_BITS | (fraction << (MANTISSA - mantissa));
    return signBit | INFINITY_BITS | (magnitude === over && over !== nan ? 0 : QUIET_BIT);
  }
  if (exponent === 0 || sign === 0) {
    float[0] = sign === 0 ? 2 ** (code - bias) : fraction * 2 ** (1 - bias - mantissa);
    return floatBits[0]! | signBit;
  }
  return signBit | ((exponent - bias + BIAS) << MANTISSA) | (fraction << (MANTISSA - mantissa));
}

// F16 and BF16, whose normal numbers need no branch: 3 times as fast as `encodeOne` alone.
function encode16(format: FloatFormat, values: Int32Array, codes: Codes): void {
  const { mantissa, bias, over } = format;
  const cut = MANTISSA - mantissa;
  const half = (1 << (cut - 1)) - 1;
  const rebias = (BIAS - bias) << MANTISSA;
  const smallest = rebias + HIDDEN_BIT;
  // From here on it is infinity; just below, the carry of rounding up gives infinity's code by itself.
  const end = rebias + (over << cut);
  for (let i = 0; i < values.length; i++) {
    const bits = values[i]!;
    const magnitude = bits & 0x7fffffff;
    codes[i] =
      magnitude >= smallest && magnitude < end
        ? ((magnitude - rebias + half + ((magnitude >>> cut) & 1)) >>> cut) | ((bits >>> 16) & 0x8000)
        : encodeOne(format, bits);
  }
}

/** The code of one float32, given by its bits. */
function encodeOne(format: FloatFormat, bits: number): number {
  const { sign, unsignedZero } = format;
  const code = encodeMagnitude(format, bits & 0x7fffffff);
  if (bits >= 0) return code;
  if (sign === 0) return format.nan;
  return unsignedZero && (code & ~sign) === 0 ? code : code ^ sign;
}

function encodeMagnitude(format: FloatFormat, magnitude: number): number {
  const { sign, mantissa, bias, max, over, nan } = format;
  const cut = MANTISSA - mantissa;
  if (magnitude > INFINITY_BITS) {
    return format.keepsPayload ? over + Math.max((magnitude - INFINITY_BITS) >>> cut, 1) : nan;
  }
  if (sign === 0 && magnitude === 0) return nan;
  const subnormal = magnitude < HIDDEN_BIT;
  const exponent = (subnormal ? 1 : magnitude >>> MANTISSA) - BIAS + bias;
  // The significand is an integer of 24 bits, the hidden one included, which steps the exponent's code itself. Below
  // the format's smallest normal number each step of exponent shifts it instead, until nothing is left.
  const significand = subnormal ? magnitude : (magnitude & (HIDDEN_BIT - 1)) | HIDDEN_BIT;
  const shift = cut + Math.min(Math.max(1 - exponent, 0), 2 + mantissa);
  const half = (1 << (shift - 1)) - 1 + ((significand >>> shift) & 1);
  const code = (Math.max(exponent - 1, 0) << mantissa) + ((significand + half) >>> shift);
  return code > max ? over : code;
}
