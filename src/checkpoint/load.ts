/** Loads a file that is in memory, without waiting. */
import { requireOptions } from "../base/arguments.ts";
import { setOwn } from "../base/dict.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";
import { parseHeader } from "../format/header/header.ts";
import { headerLength, PREFIX_BYTES } from "../format/header/prefix.ts";
import { type Tensor, tensorAt } from "../tensor/tensor.ts";
import { makeArraySync } from "./make-array.ts";
import type { ArraysOption } from "./options.ts";

// Enough to tell what a file is that is not a safetensors file.
const START_BYTES = 512;

/** Options of {@link load}. */
export interface LoadOptions<A = Tensor> extends ArraysOption<A> {}

/**
 * Reads a safetensors file that is already in memory. Tensors are views of the bytes where the alignment allows it, and
 * copies otherwise.
 *
 * @returns The tensors by name, in the order of their data: a plain object, safe for any name.
 * @throws `UnsupportedSource` if the input isn't bytes; errors of the format, such as `HeaderTooSmall` or `InvalidOffset`;
 *   `AsyncAdapter` if the adapter can only make arrays asynchronously.
 * @example
 * ```ts
 * const response = await fetch("model.safetensors");
 * const tensors = load(await response.arrayBuffer());
 * console.log(tensors["layers#0@w"]!.shape);
 * ```
 */
export function load<A = Tensor>(
  bytes: ArrayBufferLike | ArrayBufferView,
  options: LoadOptions<A> = {},
): Record<string, A> {
  requireOptions(options);
  const { buffer, byteOffset, byteLength } = memoryOf(bytes);
  const start = new Uint8Array(buffer, byteOffset, Math.min(START_BYTES, byteLength));
  const length = headerLength(start, byteLength);
  const header = new Uint8Array(buffer, byteOffset + PREFIX_BYTES, length);
  const dict: Record<string, A> = {};
  for (const { name, dtype, shape, start: from, end } of parseHeader(header, byteLength, undefined).tensors) {
    const tensor = tensorAt(dtype, shape, buffer, byteOffset + from, end - from);
    setOwn(dict, name, makeArraySync(options.arrays, tensor, name));
  }
  return dict;
}

function memoryOf(bytes: ArrayBufferLike | ArrayBufferView) {
  if (ArrayBuffer.isView(bytes)) return bytes;
  if (/^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(bytes))) {
    return { buffer: bytes, byteOffset: 0, byteLength: bytes.byteLength };
  }
  const found = describeValue(bytes);
  const message = `load reads bytes in memory, not ${found}: loadFile reads paths, URLs, blobs and all other sources`;
  throw new Pytree2SafetensorsError("UnsupportedSource", message, {
    expected: "an ArrayBuffer or a view",
    found,
  });
}
