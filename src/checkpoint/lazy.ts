/** A leaf whose data is still in the file. */
import { quote } from "../base/quote.ts";
import type { SliceInput } from "../format/slice-parse.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import { DENO_INSPECT, NODE_INSPECT } from "../tensor/inspect.ts";
import { byteLengthOf, spell } from "../tensor/size.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ArrayInfo } from "./adapter.ts";
import type { SafetensorsFile, StreamOptions, TensorOptions } from "./file.ts";
import type { FileTensor } from "./file-part.ts";
import type { PieceMemory } from "./piece-memory.ts";

/**
 * A tensor that is still in its file. Its dtype and shape are known; its data is read when you ask for it.
 * `loadPytree(source, { lazy: true })` returns these as leaves. Saving one streams it from file to file.
 *
 * @example
 * ```ts
 * interface Model {
 *   embedding: LazyTensor;
 *   layers: { weight: LazyTensor }[];
 * }
 * const tree = await loadPytree<Model>("model.safetensors", { lazy: true });
 * const weight = await tree.layers[0]!.weight.load();
 * const rows = await tree.embedding.slice([[0, 128]]);
 * await tree.embedding.file.close();
 * ```
 */
export class LazyTensor<D extends Dtype = Dtype> {
  /** The tensor's name in the file, which is its key string. */
  readonly name: string;
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly #file: SafetensorsFile;
  readonly #lossy: boolean;

  /** @internal */
  constructor(file: SafetensorsFile, name: string, info: ArrayInfo & { readonly dtype: D }, lossy = false) {
    this.#file = file;
    this.name = name;
    this.dtype = info.dtype;
    this.shape = info.shape;
    this.#lossy = lossy;
  }

  /** The size of the data in bytes. */
  get byteLength(): number {
    return byteLengthOf(this.dtype, this.shape);
  }

  /** The open file, which all leaves of the tree share. Close it when you no longer need any of them. */
  get file(): SafetensorsFile {
    return this.#file;
  }

  /** @internal Where its bytes lie, unless they are to be converted. */
  get place(): FileTensor | undefined {
    const tensor = this.#file.locate(this.name);
    return tensor.dtype === this.dtype ? tensor : undefined;
  }

  /** Reads the whole tensor. Throws `SourceClosed` if the file has been closed. */
  load(options?: TensorOptions): Promise<Tensor> {
    return this.#file.tensor(this.name, this.#cast(options));
  }

  /** Reads the bytes piece by piece, in bounded memory; see {@link SafetensorsFile.stream}. */
  stream(options?: StreamOptions): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#file.stream(this.name, this.#cast(options));
  }

  /** @internal The same in memory that is used again: a piece is valid until the one after the next is asked for. */
  pieces(options: StreamOptions, memory: PieceMemory): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#file.pieces(this.name, this.#cast(options), memory);
  }

  /** Reads a part of the tensor, without reading the rest; see {@link SafetensorsFile.slice}. */
  slice(slice: SliceInput, options?: TensorOptions): Promise<Tensor> {
    return this.#file.slice(this.name, slice, this.#cast(options));
  }

  /**
   * Returns the same tensor in another dtype, still unread. The values are converted when they are read or saved.
   *
   * @param options With `lossy`, values that the new dtype can't hold are changed instead of rejected.
   */
  cast<E extends Dtype>(dtype: E, options: { readonly lossy?: boolean } = {}): LazyTensor<E> {
    return new LazyTensor(this.#file, this.name, { dtype, shape: this.shape }, options.lossy);
  }

  /** Returns dtype and shape, such as `F32[2,3]`. */
  toString(): string {
    return this.dtype + spell(this.shape);
  }

  /** @internal What `console.log` prints in Node and Bun. */
  [NODE_INSPECT](): string {
    return `LazyTensor ${this} ${quote(this.name)} (not loaded)`;
  }

  /** @internal What `console.log` prints in Deno. */
  [DENO_INSPECT](): string {
    return this[NODE_INSPECT]();
  }

  // What the call asks for goes before what this leaf was cast to.
  #cast<T extends object>(options: T | undefined): T & { cast: Dtype; lossy: boolean } {
    return { cast: this.dtype, lossy: this.#lossy, ...options } as T & { cast: Dtype; lossy: boolean };
  }
}
