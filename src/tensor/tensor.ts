import { Pytree2SafetensorsError } from "../base/errors.ts";
import { arrayClass, type Dtype, type DtypeArray, isDtype, type TypedArrayClass } from "./dtypes.ts";
import { byteLengthOf, elementCount, spell } from "./size.ts";
import { typedArrayName } from "./typed-array.ts";

/**
 * An array of a file: a dtype, a shape, and the elements in C order. Framework-neutral, and immutable by
 * convention: its memory is often a view of a larger buffer that other tensors share; {@link Tensor.copy} gives
 * one that owns its memory.
 *
 * `data` is the typed array that the dtype asks for: F64, F32 and the integers their own, BOOL a `Uint8Array` of 0
 * and 1, C64 a `Float32Array` of interleaved real and imaginary parts, F16 and BF16 a `Uint16Array` of bits, and
 * the 8-, 6- and 4-bit floats a `Uint8Array` of codes (F4: two to a byte, the low nibble first).
 *
 * @typeParam D The dtype, where it is known.
 * @example
 * ```ts
 * const tensor = new Tensor("F32", [2, 3], new Float32Array(6));
 * tensor.data[0]; // 0
 * ```
 */
export class Tensor<D extends Dtype = Dtype> {
  /** The element type. */
  readonly dtype: D;
  /** The length of each dimension; empty for a single element. Frozen. */
  readonly shape: readonly number[];
  /** The elements in C order; not to be written to. */
  readonly data: DtypeArray<D>;

  /**
   * Wraps `data` without copying it.
   *
   * @throws {Pytree2SafetensorsError} `InvalidTensor` where dtype, shape and data don't fit each other,
   *   `MisalignedSlice` where 4- or 6-bit elements end within a byte.
   */
  constructor(dtype: D, shape: readonly number[], data: DtypeArray<D>) {
    checkDtype(dtype);
    const { name, BYTES_PER_ELEMENT } = arrayClass(dtype);
    const length = byteLengthOf(dtype, shape) / BYTES_PER_ELEMENT;
    const found = typedArrayName(data) ?? typeof data;
    if (found !== name || data.length !== length) {
      throw invalid(
        dtype,
        shape,
        `${name} of length ${length}`,
        found === name ? `length ${data.length}` : found,
      );
    }
    this.dtype = dtype;
    this.shape = Object.freeze(Array.from(shape));
    this.data = data;
  }

  /**
   * A tensor of the given bytes, little-endian in C order. It is a view of them where their offset in the buffer is
   * a multiple of the element's width, else of a copy.
   *
   * @throws {Pytree2SafetensorsError} `InvalidTensor` where dtype and shape need another number of bytes.
   */
  static fromBytes<D extends Dtype>(dtype: D, shape: readonly number[], bytes: Uint8Array): Tensor<D> {
    checkDtype(dtype);
    const byteLength = byteLengthOf(dtype, shape);
    if (byteLength !== bytes.length) {
      throw invalid(dtype, shape, `${byteLength} bytes`, `${bytes.length} bytes`);
    }
    const TypedArray = arrayClass(dtype);
    const width = TypedArray.BYTES_PER_ELEMENT;
    // Not `slice()`, which on a Node Buffer is a view.
    const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
    return new Tensor(dtype, shape, new TypedArray(buffer, byteOffset, byteLength / width));
  }

  /** The number of elements. */
  get size(): number {
    return elementCount(this.shape);
  }

  /** The number of bytes of the data. */
  get byteLength(): number {
    return this.data.byteLength;
  }

  /**
   * The data's memory as bytes, a view.
   *
   * @throws {Pytree2SafetensorsError} `TooLarge` where this runtime has no `Uint8Array` so long (Node 20: 4 GiB).
   */
  get bytes(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.data;
    try {
      return new Uint8Array(buffer, byteOffset, byteLength);
    } catch (cause) {
      throw new Pytree2SafetensorsError(
        "TooLarge",
        `${this}: this runtime has no Uint8Array of ${byteLength} bytes`,
        { cause },
      );
    }
  }

  /** Whether the dtype is this one, for the compiler: narrows `data` to its typed array. */
  is<E extends Dtype>(dtype: E): this is Tensor<E> {
    return (this.dtype as Dtype) === dtype;
  }

  /** A tensor with its own memory, free of the buffer that this one views. */
  copy(): Tensor<D> {
    const TypedArray = arrayClass(this.dtype);
    return new Tensor(this.dtype, this.shape, new TypedArray(this.data));
  }

  /** Whether dtype, shape and every byte are the same: `-0` differs from `0`, and a NaN equals its own bits. */
  equals(other: Tensor): boolean {
    return (
      this.dtype === other.dtype &&
      spell(this.shape) === spell(other.shape) &&
      sameBytes(this.data, other.data)
    );
  }

  /** Dtype and shape as messages spell them: `F32[2,3]`. */
  toString(): string {
    return this.dtype + spell(this.shape);
  }
}

function checkDtype(dtype: string): asserts dtype is Dtype {
  if (!isDtype(dtype)) {
    throw new Pytree2SafetensorsError("UnsupportedDtype", `"${dtype}" is not a dtype of the format`, {
      found: dtype,
    });
  }
}

function invalid(
  dtype: Dtype,
  shape: readonly number[],
  expected: string,
  found: string,
): Pytree2SafetensorsError {
  const message = `${dtype}${spell(shape)} needs data of ${expected}, found ${found}`;
  return new Pytree2SafetensorsError("InvalidTensor", message, { expected, found });
}

// Node 20 has no Uint8Array over 4 GiB, and comparing words is 4 times as fast as comparing bytes.
const COMPARED_AT_ONCE = 2 ** 30;

function sameBytes(a: DtypeArray, b: DtypeArray): boolean {
  if (a.buffer === b.buffer && a.byteOffset === b.byteOffset) return true;
  const TypedArray: TypedArrayClass<Int32Array | Uint8Array> =
    a.BYTES_PER_ELEMENT % 4 === 0 ? Int32Array : Uint8Array;
  for (let start = 0; start < a.byteLength; start += COMPARED_AT_ONCE) {
    const length = Math.min(a.byteLength - start, COMPARED_AT_ONCE) / TypedArray.BYTES_PER_ELEMENT;
    const x = new TypedArray(a.buffer, a.byteOffset + start, length);
    const y = new TypedArray(b.buffer, b.byteOffset + start, length);
    for (let i = 0; i < length; i++) if (x[i] !== y[i]) return false;
  }
  return true;
}
