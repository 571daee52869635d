import { Pytree2SafetensorsError } from "../base/errors.ts";
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
  if (!Array.isArray(shape)) throw notAShape(shape);
  let count = 1;
  let isExact = true;
  for (let i = 0; i < shape.length; i++) {
    const dimension = shape[i];
    if (!isSize(dimension)) {
      const message = `shape ${spell(shape)}: dimension ${i} is ${dimension}, not a non-negative safe integer`;
      throw new Pytree2SafetensorsError("InvalidTensor", message, {
        expected: "a non-negative safe integer",
        found: `${dimension}`,
      });
    }
    count *= dimension;
    isExact &&= count <= Number.MAX_SAFE_INTEGER;
  }
  if (isExact && count * width <= Number.MAX_SAFE_INTEGER) {
    if ((count * width) % unit === 0) return (count * width) / unit;
  } else {
    const total = exactProduct(shape, width, dtype);
    if (total % BigInt(unit) === 0n) return Number(total / BigInt(unit));
  }
  const message = `${dtype}${spell(shape)} ends within a byte: its elements are ${width} bits wide`;
  throw new Pytree2SafetensorsError("MisalignedSlice", message, {
    expected: "a whole number of bytes",
    found: dtype + spell(shape),
  });
}

function notAShape(shape: unknown): Pytree2SafetensorsError {
  const found = describeValue(shape);
  return new Pytree2SafetensorsError("InvalidTensor", `a shape must be an array of sizes, not ${found}`, {
    expected: "an array of sizes",
    found,
  });
}

function isSize(dimension: number | undefined): dimension is number {
  return Number.isSafeInteger(dimension) && dimension! >= 0;
}

// The rare path: doubles end at 2^53, sizes of the format and of the reference implementation at 2^64.
function exactProduct(shape: readonly number[], width: number, dtype: string): bigint {
  let total = 1n;
  for (const factor of [...shape, width]) {
    total *= BigInt(factor);
    if (total < 2n ** 64n) continue;
    const message = `the size of ${dtype}${spell(shape)} does not fit 64 bits`;
    throw new Pytree2SafetensorsError("ValidationOverflow", message, {
      expected: "a size that fits 64 bits",
      found: dtype + spell(shape),
    });
  }
  return total;
}
