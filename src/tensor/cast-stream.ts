/** Converts tensors piece by piece, so that only a piece of the other form is in memory at a time. */

import { Pytree2SafetensorsError } from "../base/errors.ts";
import type { UnsharedBytes } from "../base/types.ts";
import { type ConvertOptions, convertInto, requireCastable } from "./convert.ts";
import { newData } from "./data.ts";
import { DTYPES, type Dtype, type DtypeArray, lanes } from "./dtypes.ts";
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
    const start = this.#done;
    const end = start + elementsIn(this.#from, bytes.byteLength);
    if (!Number.isInteger(end) || !Number.isInteger(end * lanes(dtype)) || end > size) {
      const found = `${bytes.length} bytes of ${this.#from} after element ${start} of ${size}`;
      throw new Pytree2SafetensorsError("InvalidArgument", `cast to ${this.#target}: can't take ${found}`, {
        found,
      });
    }
    const target = data.subarray(start * lanes(dtype), end * lanes(dtype));
    convertPiece(bytes, this.#from, target, dtype, start, this.#options);
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
  const shape = [elementsIn(from, bytes.byteLength)];
  const target =
    memory === undefined
      ? newData(to, shape)
      : Tensor.fromBytes(to, shape, memory(byteLengthOf(to, shape))).data;
  convertPiece(bytes, from, target, to, elementsIn(from, at), options);
  return new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
}

function elementsIn(dtype: Dtype, bytes: number): number {
  return (bytes * 8) / DTYPES[dtype].bits;
}

function convertPiece(
  bytes: Uint8Array,
  from: Dtype,
  target: DtypeArray,
  to: Dtype,
  offset: number,
  options: CastStreamOptions,
): void {
  const source = Tensor.fromBytes(from, [elementsIn(from, bytes.byteLength)], bytes).data;
  convertInto(source, from, target, to, { ...options, offset });
  options.overflow?.add(source, from, target, to);
}
