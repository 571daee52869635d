import { setOwn } from "../base/dict.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { headerLength, PREFIX_BYTES, parseHeader } from "../format/header/header.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { KeyStyleOption } from "../tree/keys/keystyles.ts";
import { describeValue } from "./leaf.ts";
import { makeArraySync } from "./make.ts";
import { type CheckpointSource, type OpenOptions, withFile } from "./open.ts";
import type { ArraysOption, ReadTensorsOptions } from "./options.ts";
import { collect } from "./read-arrays.ts";
import { selectNames } from "./select.ts";

// Enough to tell what it is that is not a safetensors file.
const START_BYTES = 512;

/** Options of {@link load}. */
export interface LoadOptions<A = Tensor> extends ArraysOption<A> {}

/** Options of {@link loadFile}. */
export interface LoadFileOptions<A = Tensor>
  extends ArraysOption<A>,
    ReadTensorsOptions,
    OpenOptions,
    KeyStyleOption {}

/**
 * Reads a safetensors file that is in memory. The tensors are views of the bytes wherever their alignment
 * allows it.
 *
 * @returns The tensors by name, in the order of their data: a plain object, safe for any name.
 * @throws `UnsupportedSource` for what is no bytes; every error of the format; `AsyncAdapter` for an adapter that makes arrays only asynchronously.
 * @example
 * ```ts
 * const tensors = load(await (await fetch("model.safetensors")).arrayBuffer());
 * tensors["layers#0@w"].shape;
 * ```
 */
export function load<A = Tensor>(
  bytes: ArrayBufferLike | ArrayBufferView,
  options: LoadOptions<A> = {},
): Record<string, A> {
  const { buffer, byteOffset, byteLength } = memoryOf(bytes);
  const start = new Uint8Array(buffer, byteOffset, Math.min(START_BYTES, byteLength));
  const length = headerLength(start, byteLength);
  const bytesOfHeader = new Uint8Array(buffer, byteOffset + PREFIX_BYTES, length);
  const header = parseHeader(bytesOfHeader, byteLength, undefined);
  const dict: Record<string, A> = {};
  for (const { name, dtype, shape, start, end } of header.tensors) {
    const tensor = Tensor.fromBuffer(dtype, shape, buffer, byteOffset + start, end - start);
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
  throw new Pytree2SafetensorsError(
    "UnsupportedSource",
    `load reads bytes in memory, not ${found}: loadFile reads paths, URLs, blobs and all other sources`,
    { expected: "an ArrayBuffer or a view", found },
  );
}

/**
 * Reads the tensors of a file, or those selected.
 *
 * @returns The tensors by name, in the order of their data: a plain object, safe for any name.
 * @throws Every error of the format; what the source throws; `LossyConversion` of a `cast`.
 * @example
 * ```ts
 * const tensors = await loadFile("model.safetensors", { select: "layers#0", cast: { BF16: "F32" } });
 * ```
 */
export async function loadFile<A = Tensor>(
  source: CheckpointSource,
  options: LoadFileOptions<A> = {},
): Promise<Record<string, A>> {
  return withFile(source, options, async (file) => {
    const names = selectNames(file, options.select, options.keys);
    const arrays = await collect(file, names, options, options.arrays);
    const dict: Record<string, A> = {};
    for (let i = 0; i < names.length; i++) setOwn(dict, names[i]!, arrays[i] as A);
    return dict;
  });
}
