/** Converts tensors piece by piece, so that only a piece of the other form is in memory at a time. */

import { Pytree2SafetensorsError } from "../base/errors.ts";
import type { UnsharedBytes } from "../base/types.ts";
import { type ConvertOptions, convertInto, requireCastable } from "./convert.ts";
import { arrayClass, DTYPES, type Dtype, lanes } from "./dtypes.ts";
import { newData } from "./elements.ts";
import type { Overflow } from "./overflow.ts";
import { byteLengthOf } from "./size.ts";
import { Tensor } from "./tensor.ts";

/** Options of {@link CastStream} and {@link castChunk}. */
export interface CastStreamOptions extends ConvertOptions {
  /** Counts the finite values that became infinity or NaN. */
  readonly overflow?: Overflow | undefined;
}

/**
 * Fills a tensor with another dtype's bytes as they come in, so that only a piece of them is in memory at a time.
 *
 * @example
 * ```ts
 * const target = new Tensor("F32", [4], new Float32Array(4));
 * const stream = new CastStream("BF16", target);
 * stream.push(firstHalf);
 * stream.push(secondHalf); // `target` is complete
 * ```
 */
export class CastStream {
  readonly #from: Dtype;
  readonly #target: Tensor;
  readonly #options: CastStreamOptions;
  #done = 0;

  /** @throws {Pytree2SafetensorsError} `UnsupportedDtype` if there is no conversion between the two dtypes. */
  constructor(from: Dtype, target: Tensor, options: CastStreamOptions = {}) {
    requireCastable(from, target.dtype);
    this.#from = from;
    this.#target = target;
    this.#options = options;
  }

  /**
   * Converts the next bytes: whole elements, and whole bytes of the target (two elements for F4).
   *
   * @throws {Pytree2SafetensorsError} `LossyConversion` as {@link convertInto} does, `InvalidArgument` for a piece
   *   that ends within an element or goes past the end of the tensor.
   */
  push(bytes: Uint8Array): void {
    const { data, dtype, size } = this.#target;
    const TypedArray = arrayClass(this.#from);
    const width = TypedArray.BYTES_PER_ELEMENT;
    const start = this.#done;
    const end = start + bytes.length / width / lanes(this.#from);
    if (!Number.isInteger(end) || !Number.isInteger(end * lanes(dtype)) || end > size) {
      const found = `${bytes.length} bytes of ${this.#from} after element ${start} of ${size}`;
      throw new Pytree2SafetensorsError("InvalidArgument", `cast to ${this.#target}: can't take ${found}`, {
        found,
      });
    }
    const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
    const source = new TypedArray(buffer, byteOffset, bytes.length / width);
    const target = data.subarray(start * lanes(dtype), end * lanes(dtype));
    convertInto(source, this.#from, target, dtype, { ...this.#options, offset: start });
    this.#options.overflow?.add(source, this.#from, target, dtype);
    this.#done = end;
  }
}

/**
 * Bytes of one dtype as bytes of another: whole elements of both.
 *
 * @param at How many bytes of the tensor come before these, for messages.
 * @param memory Gives the memory to convert into; fresh memory by default.
 */
export function castChunk(
  bytes: Uint8Array,
  from: Dtype,
  to: Dtype,
  at: number,
  options: CastStreamOptions,
  memory?: (bytes: number) => UnsharedBytes,
): Uint8Array {
  const elementsIn = (length: number) => (length * 8) / DTYPES[from].bits;
  const shape = [elementsIn(bytes.byteLength)];
  const target =
    memory === undefined
      ? newData(to, shape)
      : Tensor.fromBytes(to, shape, memory(byteLengthOf(to, shape))).data;
  const source = Tensor.fromBytes(from, shape, bytes).data;
  convertInto(source, from, target, to, { ...options, offset: elementsIn(at) });
  options.overflow?.add(source, from, target, to);
  return new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
}
