import { Pytree2SafetensorsError } from "../base/errors.ts";
import { DTYPES, type Dtype } from "./dtypes.ts";

/** Sizes are 64-bit in the format; the reference implementation refuses what doesn't fit. */
const MAX_U64 = 2n ** 64n - 1n;

/**
 * The number of elements of an array of this shape; 1 for the empty shape. Above 2^53 the result is the
 * nearest double.
 *
 * @throws {Pytree2SafetensorsError} `InvalidTensor` for a dimension that is not a non-negative safe integer,
 *   `ValidationOverflow` where the product leaves 64 bits, multiplied left to right as the reference does:
 *   `[2 ** 40, 2 ** 40, 0]` overflows, `[0, 2 ** 40, 2 ** 40]` does not.
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (let i = 0; i < shape.length; i++) {
    const dimension = shape[i];
    // `!(x >= 0)` instead of `x < 0`: a hole in the array is undefined.
    if (!Number.isSafeInteger(dimension) || !(dimension! >= 0)) {
      throw new Pytree2SafetensorsError(
        "InvalidTensor",
        `shape ${spell(shape)}: dimension ${i} is ${String(dimension)}, not a non-negative safe integer`,
        { expected: "a non-negative safe integer", found: String(dimension) },
      );
    }
    count *= dimension!;
    if (count > Number.MAX_SAFE_INTEGER) return Number(exactCount(shape));
  }
  return count;
}

/**
 * The number of bytes of an array of this dtype and shape.
 *
 * @throws {Pytree2SafetensorsError} What {@link elementCount} throws; `ValidationOverflow` also where the bits leave
 *   64 bits; `MisalignedSlice` where 4- or 6-bit elements end within a byte.
 */
export function byteLengthOf(dtype: Dtype, shape: readonly number[]): number {
  const width = DTYPES[dtype].bits;
  const bits = elementCount(shape) * width;
  if (bits > Number.MAX_SAFE_INTEGER) return exactByteLength(dtype, shape);
  if (bits % 8 !== 0) throw misaligned(dtype, shape);
  return bits / 8;
}

// The rare path: doubles end at 2^53, the format's sizes at 2^64.
function exactCount(shape: readonly number[]): bigint {
  let count = 1n;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) return BigInt(elementCount([dimension]));
    count *= BigInt(dimension);
    if (count > MAX_U64) throw overflow("elements", shape);
  }
  return count;
}

function exactByteLength(dtype: Dtype, shape: readonly number[]): number {
  const bits = exactCount(shape) * BigInt(DTYPES[dtype].bits);
  if (bits > MAX_U64) throw overflow(`bits as ${dtype}`, shape);
  if (bits % 8n !== 0n) throw misaligned(dtype, shape);
  return Number(bits / 8n);
}

function overflow(what: string, shape: readonly number[]): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(
    "ValidationOverflow",
    `shape ${spell(shape)} has more than 2^64 - 1 ${what}`,
    {
      expected: "a size that fits 64 bits",
      found: spell(shape),
    },
  );
}

function misaligned(dtype: Dtype, shape: readonly number[]): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(
    "MisalignedSlice",
    `${dtype}${spell(shape)} ends within a byte: its elements are ${DTYPES[dtype].bits} bits wide`,
    { expected: "a whole number of bytes", found: `${dtype}${spell(shape)}` },
  );
}

/** A shape as messages spell it: `[2,3]`. */
export function spell(shape: readonly number[]): string {
  return `[${shape.join()}]`;
}
