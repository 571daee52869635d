import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { DTYPES, type Dtype, type DtypeArray, lanes } from "./dtypes.ts";
import { type Codes, decodeFloats, encodeFloats, floatsOf, narrowToOdd } from "./float-codes.ts";
import { isCodedFloat } from "./float-formats.ts";
import { isWide, lowWords, readWide, type WideArray, writeWide } from "./wide.ts";

/** How a conversion may change values. By default, floats round to narrower floats and everything else is exact. */
export interface CastOptions {
  /** Converts values that the new dtype can't hold, instead of throwing. */
  readonly lossy?: boolean;
  /** Throws if any value would change, even by rounding a float. */
  readonly exact?: boolean;
}

/** Options of {@link convertInto}. */
export interface ConvertOptions extends CastOptions {
  /** The tensor's name, for messages. */
  readonly name?: string;
  /** The index of the first element in the whole tensor, for messages. */
  readonly offset?: number;
}

// Elements on their way between two dtypes are doubles; a chunk of them stays in the first levels of cache.
const CHUNK = 4096;

/**
 * Converts all elements of `source` into `target`, which has room for just as many. The two may not share memory.
 *
 * By default floats (and C64) round to narrower floats, to nearest and ties to even, overflow and NaN as `ml_dtypes`
 * has them (to infinity, else NaN, in F4 the largest number; what E8M0 can't hold, zero and all below, is its NaN).
 * Every other conversion keeps each value or throws. With `exact` rounding throws too. With `lossy` nothing does:
 * - integer to integer wraps around, as in numpy;
 * - float to integer cuts off the fraction, and what is out of range becomes the nearest, NaN 0, as in JAX;
 * - integer to float rounds to nearest;
 * - to BOOL, everything but zero is true;
 * - C64 to real drops the imaginary part.
 *
 * @throws {Pytree2SafetensorsError} `LossyConversion` with the first element that does not fit; `UnsupportedDtype`
 *   for F6, whose packing nobody has fixed.
 */
export function convertInto(
  source: DtypeArray,
  from: Dtype,
  target: DtypeArray,
  to: Dtype,
  options: ConvertOptions = {},
): void {
  requireCastable(from, to);
  if (from === to || widens(from, to) || (from === "F64" && to === "F32" && !options.exact)) {
    copyInto(source, target);
    return;
  }
  const rounds = !options.exact && isFloat(from) && isFloat(to);
  if (isCodedFloat(from) && to === "F32") {
    decodeFloats(from, source as Codes, target as Float32Array);
    return;
  }
  if (from === "F32" && isCodedFloat(to) && (rounds || options.lossy)) {
    encodeFloats(to, source as Float32Array, target as Codes);
    return;
  }
  const count = source.length / lanes(from);
  const values = new Float64Array(Math.min(count, CHUNK));
  const proof = options.lossy || rounds ? undefined : new Float64Array(values.length);
  for (let start = 0; start < count; start += CHUNK) {
    const end = Math.min(start + CHUNK, count);
    const input = source.subarray(start * lanes(from), end * lanes(from));
    const output = target.subarray(start * lanes(to), end * lanes(to));
    const chunk = values.subarray(0, end - start);
    let lost = toDoubles(input, from, chunk, to);
    fromDoubles(chunk, from, input, output, to);
    if (options.lossy) continue;
    if (proof !== undefined && lost < 0) {
      toDoubles(output, to, proof, undefined);
      lost = firstDifference(chunk, proof);
    }
    if (lost >= 0) throw lossyConversion(input, from, to, lost, start, options);
  }
}

/** Throws `UnsupportedDtype` where there is no conversion between the two: F6 converts to itself alone. */
export function requireCastable(from: Dtype, to: Dtype): void {
  const stuck = [from, to].find((dtype) => DTYPES[dtype].bits === 6);
  if (stuck === undefined || from === to) return;
  const message = `can't convert ${from} to ${to}: the format doesn't specify how ${stuck} is packed`;
  throw new Pytree2SafetensorsError("UnsupportedDtype", message, { expected: to, found: from });
}

/** Whether a dtype's elements are floats, or complex numbers of them. */
export function isFloat(dtype: Dtype): boolean {
  return /^(B?F|C)/.test(dtype);
}

// Where plain assignment between the typed arrays keeps every value: in twice the bits of a kind that takes it.
function widens(from: Dtype, to: Dtype): boolean {
  return (
    2 * DTYPES[from].bits <= DTYPES[to].bits &&
    "UU UI UF II IF FF".includes(from[0]! + to[0]!) &&
    !(isCodedFloat(from) || isCodedFloat(to) || isWide(to))
  );
}

function copyInto(source: DtypeArray, target: DtypeArray): void {
  (target as { set(from: DtypeArray): void }).set(source);
}

/**
 * Elements as doubles, in which every dtype but I64 and U64 fits. Returns the index of the first element of which
 * something is lost if a double is all that `to` gets, or -1.
 */
function toDoubles(source: DtypeArray, from: Dtype, values: Float64Array, to: Dtype | undefined): number {
  if (isCodedFloat(from)) {
    values.set(floatsOf(from, source));
  } else if (isWide(from)) {
    const lost = readWide(source as WideArray, from, values, to !== "F64");
    return to === "F64" ? lost : -1;
  } else if (from === "C64") {
    return readComplex(source as Float32Array, values, to);
  } else if (from === "BOOL") {
    for (let i = 0; i < source.length; i++) values[i] = source[i] ? 1 : 0;
  } else {
    copyInto(source, values);
  }
  return -1;
}

function readComplex(source: Float32Array, values: Float64Array, to: Dtype | undefined): number {
  let lost = -1;
  for (let i = 0; i < source.length / 2; i++) {
    const imaginary = source[2 * i + 1]!;
    values[i] = source[2 * i]!;
    if (imaginary === 0) continue;
    if (lost < 0) lost = i;
    if (to === "BOOL") values[i] = 1;
  }
  return lost;
}

function fromDoubles(
  values: Float64Array,
  from: Dtype,
  source: DtypeArray,
  target: DtypeArray,
  to: Dtype,
): void {
  if (isCodedFloat(to)) {
    const floats = new Float32Array(values.length);
    narrowToOdd(values, floats);
    encodeFloats(to, floats, target as Codes);
  } else if (to === "C64") {
    for (let i = 0; i < values.length; i++) {
      target[2 * i] = values[i]!;
      target[2 * i + 1] = 0;
    }
  } else if (to === "BOOL") {
    for (let i = 0; i < values.length; i++) target[i] = values[i] === 0 ? 0 : 1;
  } else if (isFloat(to)) {
    copyInto(values, target);
  } else if (isWide(to)) {
    if (isWide(from)) copyInto(source, target);
    else writeWide(values, target as WideArray, to, isFloat(from));
  } else if (isWide(from)) {
    copyInto(lowWords(source as WideArray), target);
  } else if (isFloat(from)) {
    saturate(values, target as Exclude<DtypeArray, WideArray>, to);
  } else {
    copyInto(values, target);
  }
}

// A typed array's own conversion wraps around, and makes NaN 0.
function saturate(values: Float64Array, target: Exclude<DtypeArray, WideArray>, to: Dtype): void {
  const signed = to.startsWith("I");
  const bits = DTYPES[to].bits - (signed ? 1 : 0);
  const max = 2 ** bits - 1;
  const min = signed ? -(2 ** bits) : 0;
  for (let i = 0; i < values.length; i++) target[i] = Math.max(min, Math.min(max, values[i]!));
}

function firstDifference(values: Float64Array, proof: Float64Array): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value !== proof[i] && !(Number.isNaN(value) && Number.isNaN(proof[i]))) return i;
  }
  return -1;
}

function lossyConversion(
  source: DtypeArray,
  from: Dtype,
  to: Dtype,
  index: number,
  start: number,
  { name, offset = 0 }: ConvertOptions,
): Pytree2SafetensorsError {
  const value = new Float64Array(source.length / lanes(from));
  toDoubles(source, from, value, undefined);
  const found =
    from === "C64"
      ? `${source[2 * index]}+${source[2 * index + 1]}i`
      : String(isWide(from) ? source[index] : value[index]);
  const message = `${name === undefined ? "" : `tensor ${quote(name)}: `}element ${offset + start + index} is ${found} (${from}), which ${to} can't hold; { lossy: true } converts it all the same`;
  return new Pytree2SafetensorsError("LossyConversion", message, {
    ...(name !== undefined && { tensor: name }),
    expected: `values of ${to}`,
    found,
  });
}
