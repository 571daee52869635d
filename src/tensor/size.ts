import { type ErrorCode, Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";
import { DTYPES, type Dtype } from "./dtypes.ts";

/**
 * The number of elements of an array of this shape; 1 for the empty shape. Above 2^53 the result is the
 * nearest double.
 *
 * @throws {Pytree2SafetensorsError} `InvalidTensor` for a dimension that is not a non-negative safe integer,
 *   `ValidationOverflow` if the product exceeds 64 bits, multiplied left to right as the reference does:
 *   `[2 ** 40, 2 ** 40, 0]` overflows, `[0, 2 ** 40, 2 ** 40]` does not.
 */
export function elementCount(shape: readonly number[]): number {
  return measure(shape, 1, 1, "");
}

/**
 * The number of bytes of an array of this dtype and shape.
 *
 * @throws {Pytree2SafetensorsError} What {@link elementCount} throws; `ValidationOverflow` also if the number of bits
 *   exceeds 64 bits; `MisalignedSlice` if 4- or 6-bit elements end within a byte.
 */
export function byteLengthOf(dtype: Dtype, shape: readonly number[]): number {
  return measure(shape, DTYPES[dtype].bits, 8, dtype);
}

/** A shape as messages spell it: `[2,3]`. */
export function spell(shape: readonly number[]): string {
  return `[${shape.join()}]`;
}

// The product of the shape and the elements' width, in units.
function measure(shape: readonly number[], width: number, unit: number, dtype: string): number {
  if (!Array.isArray(shape)) {
    const found = describeValue(shape);
    throw unfit(
      "InvalidTensor",
      `a shape must be an array of sizes, not ${found}`,
      "an array of sizes",
      found,
    );
  }
  let count = 1;
  let isExact = true;
  for (let i = 0; i < shape.length; i++) {
    const dimension: number = shape[i];
    if (!(Number.isSafeInteger(dimension) && dimension >= 0)) {
      const expected = "a non-negative safe integer";
      const message = `shape ${spell(shape)}: dimension ${i} is ${dimension}, not ${expected}`;
      throw unfit("InvalidTensor", message, expected, `${dimension}`);
    }
    count *= dimension;
    isExact &&= count <= Number.MAX_SAFE_INTEGER;
  }
  const total = count * width;
  if (isExact && total <= Number.MAX_SAFE_INTEGER && total % unit === 0) return total / unit;
  const exact = exactProduct(shape, width, dtype);
  if (exact % BigInt(unit) === 0n) return Number(exact) / unit;
  const found = dtype + spell(shape);
  const message = `${found} ends within a byte: its elements are ${width} bits wide`;
  throw unfit("MisalignedSlice", message, "a whole number of bytes", found);
}

// The rare path: doubles end at 2^53, sizes of the format and of the reference implementation at 2^64.
function exactProduct(shape: readonly number[], width: number, dtype: string): bigint {
  let total = 1n;
  for (const factor of [...shape, width]) {
    total *= BigInt(factor);
    if (total < 2n ** 64n) continue;
    const found = dtype + spell(shape);
    const message = `the size of ${found} does not fit 64 bits`;
    throw unfit("ValidationOverflow", message, "a size that fits 64 bits", found);
  }
  return total;
}

function unfit(code: ErrorCode, message: string, expected: string, found: string): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(code, message, { expected, found });
}
