import { requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { keepShape } from "../base/keep-shape.ts";
import { describeValue } from "../base/quote.ts";
import { type CastOptions, convertInto } from "./convert.ts";
import { dataLength, dataOfBytes, newData, requireData, sameBytes, unfitData } from "./data.ts";
import { arrayClass, type Dtype, type DtypeArray, requireDtype } from "./dtypes.ts";
import {
  type DtypeOf,
  type ElementOf,
  elementsOf,
  type FromOptions,
  gather,
  type TensorValues,
} from "./elements.ts";
import { DENO_INSPECT, inspectData, NODE_INSPECT } from "./inspect.ts";
import { type NestedArray, nest } from "./nested.ts";
import { elementCount, spell } from "./size.ts";

/** `Float16Array`, for programs whose TypeScript `lib` knows it. */
export type RuntimeFloat16Array = typeof globalThis extends { Float16Array: { prototype: infer A } }
  ? A
  : never;

/**
 * An array in a file: a dtype, a shape, and the elements in C order. It belongs to no framework. Treat it as immutable,
 * because its memory is often a view of a larger buffer that other tensors share. {@link Tensor.copy} returns a tensor
 * that owns its memory.
 *
 * The dtype determines the typed array in `data`. F64, F32 and the integers have their own. BOOL is a `Uint8Array` of 0 and
 * 1. C64 is a `Float32Array` of interleaved real and imaginary parts. F16 and BF16 are a `Uint16Array` of bits. 8-, 6- and
 * 4-bit floats are a `Uint8Array` of codes (F4 has two in a byte, the low nibble first).
 *
 * @typeParam D The dtype, if it is known.
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
  // The memory: a typed array, or the buffer and offset of one that nobody has asked for yet. Making half a million small
  // tensors takes a fifth of the time that their typed arrays would take, and the collector has half as much to do.
  #data: DtypeArray<D> | undefined;
  readonly #buffer: ArrayBufferLike;
  readonly #byteOffset: number;

  /**
   * Wraps `data` without copying it.
   *
   * @throws {Pytree2SafetensorsError} `InvalidTensor` if dtype, shape and data don't fit each other,
   *   `MisalignedSlice` if 4- or 6-bit elements end within a byte.
   */
  constructor(dtype: D, shape: readonly number[], data: DtypeArray<D>);
  /** @internal A place in a buffer that is known to fit: only a checked header's tensors are made this way. */
  constructor(dtype: D, shape: readonly number[], buffer: ArrayBufferLike, byteOffset: number);
  constructor(
    dtype: D,
    shape: readonly number[],
    memory: DtypeArray<D> | ArrayBufferLike,
    byteOffset?: number,
  ) {
    if (byteOffset === undefined) {
      const data = memory as DtypeArray<D>;
      requireData(dtype, shape, data);
      this.shape = Object.freeze(shape.slice());
      this.#data = data;
      this.#buffer = data.buffer;
      this.#byteOffset = data.byteOffset;
    } else {
      this.shape = shape;
      this.#data = undefined;
      this.#buffer = memory as ArrayBufferLike;
      this.#byteOffset = byteOffset;
    }
    this.dtype = dtype;
  }

  /** The elements in C order. Don't write to them. The typed array is created on first access. */
  get data(): DtypeArray<D> {
    if (this.#data === undefined) {
      const TypedArray = arrayClass(this.dtype);
      const length = dataLength(this.dtype, this.shape);
      const end = this.#byteOffset + length * TypedArray.BYTES_PER_ELEMENT;
      // After its buffer was transferred or shrank, it is empty, as an array that was there before would be.
      this.#data =
        end <= this.#buffer.byteLength
          ? new TypedArray(this.#buffer, this.#byteOffset, length)
          : new TypedArray(0);
    }
    return this.#data;
  }

  /**
   * Makes a tensor from bytes, little-endian and in C order. It is a view of them if their offset in the buffer is a
   * multiple of the element's width, and a copy otherwise.
   *
   * @throws {Pytree2SafetensorsError} `InvalidTensor` if dtype and shape need another number of bytes.
   */
  static fromBytes<D extends Dtype>(dtype: D, shape: readonly number[], bytes: Uint8Array): Tensor<D> {
    if (!ArrayBuffer.isView(bytes)) throw unfitData(dtype, shape, "a Uint8Array", describeValue(bytes));
    return Tensor.fromBuffer(dtype, shape, bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * {@link Tensor.fromBytes} for a part of a buffer, which may be longer than a `Uint8Array` can be.
   *
   * @throws {Pytree2SafetensorsError} `InvalidTensor` if dtype and shape need another number of bytes, or more
   *   than the buffer has.
   */
  static fromBuffer<D extends Dtype>(
    dtype: D,
    shape: readonly number[],
    buffer: ArrayBufferLike,
    byteOffset = 0,
    byteLength: number = buffer.byteLength - byteOffset,
  ): Tensor<D> {
    return new Tensor(dtype, shape, dataOfBytes(dtype, shape, buffer, byteOffset, byteLength));
  }

  /**
   * Makes a tensor from nested arrays of numbers, booleans or bigints, from one such value (shape `[]`), or from a typed
   * array. Numbers become F32, as in JAX, booleans BOOL, and bigints I64. A typed array keeps its dtype, and the tensor is a
   * view of it (a `Float16Array` is F16, a `Uint16Array` is U16). With `dtype`, values are converted by the rules of
   * {@link Tensor.cast}: floats round, integers must fit. C64 takes pairs `[re, im]`, or a typed array of interleaved parts.
   *
   * @throws {Pytree2SafetensorsError} `InvalidTensor` for rows of different lengths or values of different kinds,
   *   `LossyConversion` for a value that the dtype can't hold.
   * @example
   * ```ts
   * Tensor.from([[1, 2], [3, 4]]); // F32[2,2]
   * Tensor.from(new Int32Array(6), { shape: [2, 3] }); // I32[2,3]
   * Tensor.from([1, 2, 3], { dtype: "BF16" });
   * ```
   */
  static from<V extends TensorValues, D extends Dtype = DtypeOf<V>>(
    values: V,
    options: FromOptions<D> = {},
  ): Tensor<D> {
    requireOptions(options);
    const { dtype, shape, data } = gather(values, options);
    return new Tensor<Dtype>(dtype, shape, data) as Tensor<D>;
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
   * The data as bytes, a view of the same memory.
   *
   * @throws {Pytree2SafetensorsError} `TooLarge` if this runtime has no `Uint8Array` of that length (Node 20: 4 GiB).
   */
  get bytes(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.data;
    try {
      return new Uint8Array(buffer, byteOffset, byteLength);
    } catch (cause) {
      const message = `${this}: this runtime has no Uint8Array of ${byteLength} bytes`;
      throw new Pytree2SafetensorsError("TooLarge", message, { cause });
    }
  }

  /** @internal How many of the bytes that it needs its memory still has: fewer, even below 0, if it was transferred or shrank. */
  bytesLeft(needed: number): number {
    return this.#data?.byteLength ?? Math.min(this.#buffer.byteLength - this.#byteOffset, needed);
  }

  /** Whether the tensor has this dtype. Narrows the type of `data` to its typed array. */
  is<E extends Dtype>(dtype: E): this is Tensor<E> {
    return (this.dtype as Dtype) === dtype;
  }

  /** Returns a copy that owns its memory. */
  copy(): Tensor<D> {
    const TypedArray = arrayClass(this.dtype);
    return new Tensor(this.dtype, this.shape, new TypedArray(this.data));
  }

  /**
   * Converts the values to another dtype. Returns the tensor itself if it has that dtype already. Floats round to narrower
   * floats, to nearest and ties to even, as in `ml_dtypes`. Every other conversion keeps each value or throws, unless you
   * pass `lossy`.
   *
   * @throws {Pytree2SafetensorsError} `LossyConversion` for a value that `dtype` can't hold, `UnsupportedDtype` for F6.
   * @example
   * ```ts
   * Tensor.from([1.5, 2]).cast("BF16");
   * Tensor.from([1.5, 2]).cast("I32", { lossy: true }); // [1, 2]
   * ```
   */
  cast<E extends Dtype>(dtype: E, options: CastOptions = {}): Tensor<E> {
    requireOptions(options);
    if (this.is(dtype)) return this;
    requireDtype(dtype);
    const data = newData(dtype, this.shape);
    convertInto(this.data, this.dtype, data, dtype, options);
    return new Tensor(dtype, this.shape, data);
  }

  /** Returns the values cast to F32 (see {@link Tensor.cast}), or the tensor's own data if it is F32 already. */
  toFloat32Array(options?: CastOptions): Float32Array {
    return this.cast("F32", options).data;
  }

  /**
   * Returns the values cast to F16 (see {@link Tensor.cast}), or a view of the tensor's own data if it is F16 already.
   *
   * @throws {Pytree2SafetensorsError} `UnsupportedDtype` if the runtime has no `Float16Array` (Node 20).
   */
  toFloat16Array(options?: CastOptions): RuntimeFloat16Array {
    if (typeof Float16Array === "undefined") {
      throw new Pytree2SafetensorsError("UnsupportedDtype", `${this}: this runtime has no Float16Array`);
    }
    const { buffer, byteOffset, length } = this.cast("F16", options).data;
    return new Float16Array(buffer, byteOffset, length);
  }

  /**
   * Returns the elements as nested arrays of numbers: booleans for BOOL, bigints for I64 and U64, pairs `[re, im]` for C64.
   * A tensor of shape `[]` returns its one element.
   *
   * @throws {Pytree2SafetensorsError} `UnsupportedDtype` for F6, `TooLarge` for a shape that takes too many arrays.
   */
  toArray(): NestedArray<ElementOf<D>> {
    return nest(elementsOf(this.dtype, this.data), this.shape);
  }

  /**
   * Returns the element of a tensor that has exactly one.
   *
   * @throws {Pytree2SafetensorsError} `InvalidTensor` if there are more, or none; `UnsupportedDtype` for F6 and F4.
   */
  item(): ElementOf<D> {
    if (this.size === 1) return elementsOf(this.dtype, this.data)[0]!;
    const message = `${this} has ${this.size} elements; item() needs exactly one`;
    throw new Pytree2SafetensorsError("InvalidTensor", message, {
      expected: "1 element",
      found: `${this.size} elements`,
    });
  }

  /** Whether dtype, shape and every byte are equal. `-0` differs from `0`, and a NaN equals a NaN with the same bits. */
  equals(other: Tensor): boolean {
    return (
      this.dtype === other.dtype &&
      spell(this.shape) === spell(other.shape) &&
      sameBytes(this.data, other.data)
    );
  }

  /** Returns dtype and shape, such as `F32[2,3]`. */
  toString(): string {
    return this.dtype + spell(this.shape);
  }

  /** @internal What `console.log` prints in Node and Bun. */
  [NODE_INSPECT](): string {
    return `Tensor ${inspectData(this.dtype, this.shape, this.data)}`;
  }

  /** @internal What `console.log` prints in Deno. */
  [DENO_INSPECT](): string {
    return this[NODE_INSPECT]();
  }
}

keepShape(new Tensor("U8", [0], new Uint8Array(0)));

/**
 * A tensor of the bytes at an offset of a buffer. A checked header says that they are its bytes, so nothing is checked
 * again. It views them if their offset is a multiple of the element's width, otherwise a copy of them.
 *
 * @param shape Frozen; the tensor keeps it.
 */
export function tensorAt<D extends Dtype>(
  dtype: D,
  shape: readonly number[],
  buffer: ArrayBufferLike,
  byteOffset: number,
  byteLength: number,
): Tensor<D> {
  if (byteOffset % arrayClass(dtype).BYTES_PER_ELEMENT === 0)
    return new Tensor(dtype, shape, buffer, byteOffset);
  return new Tensor(dtype, shape, buffer.slice(byteOffset, byteOffset + byteLength), 0);
}
