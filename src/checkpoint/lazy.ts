import type { SliceInput } from "../format/slice.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { SafetensorsFile, StreamOptions, TensorOptions } from "./file.ts";

/**
 * A tensor that is still in its file: dtype and shape are known, the data are read when asked for. The
 * leaves of `loadPytree(source, { lazy: true })`; saving one streams it from file to file.
 *
 * @example
 * ```ts
 * const tree = await loadPytree("model.safetensors", { lazy: true });
 * const weight = await tree.layers[0].weight.load();
 * const rows = await tree.embedding.slice([[0, 128]]);
 * ```
 */
export class LazyTensor<D extends Dtype = Dtype> {
  /** The tensor's name in the file, that is its key string. */
  readonly name: string;
  readonly dtype: D;
  readonly shape: readonly number[];
  /** The size of the data in bytes. */
  readonly byteLength: number;
  /** The open file; close it when no leaf is needed any more. */
  readonly file: SafetensorsFile;

  /** @internal */
  constructor(file: SafetensorsFile, name: string, dtype: D, shape: readonly number[], byteLength: number) {
    this.file = file;
    this.name = name;
    this.dtype = dtype;
    this.shape = shape;
    this.byteLength = byteLength;
  }

  /** Reads the whole tensor. */
  load(options?: TensorOptions): Promise<Tensor> {
    return this.file.tensor(this.name, options);
  }

  /** Reads the bytes piece by piece, in bounded memory; see {@link SafetensorsFile.stream}. */
  stream(options?: StreamOptions): AsyncIterable<Uint8Array> {
    return this.file.stream(this.name, options);
  }

  /** Reads a part, only the bytes of it; see {@link SafetensorsFile.slice}. */
  slice(slice: SliceInput, options?: TensorOptions): Promise<Tensor> {
    return this.file.slice(this.name, slice, options);
  }
}
