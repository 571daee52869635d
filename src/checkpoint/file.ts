/** An open file or sharded checkpoint, of which only headers have been read. */
/// <reference lib="esnext.disposable" preserve="true" />
import { invalidArgument, requireOptions } from "../base/arguments.ts";
import { PREFIX_BYTES } from "../format/header/prefix.ts";
import { planSlice } from "../format/slice.ts";
import type { SliceInput } from "../format/slice-parse.ts";
import { CastStream } from "../tensor/cast-stream.ts";
import { type Dtype, requireDtype } from "../tensor/dtypes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ArrayInfo } from "./adapter.ts";
import { OpenedCheckpoint } from "./opened.ts";
import type { CastingOptions, LongCallOptions } from "./options.ts";
import type { PieceMemory } from "./piece-memory.ts";
import { ProgressCounter } from "./progress.ts";
import { readSlice } from "./read-slice.ts";
import { readTensors } from "./read-tensors.ts";
import { overflowOf, readsOf, reportOverflow } from "./reads-of.ts";
import { streamPieces } from "./stream-pieces.ts";
import { targetTensor } from "./target.ts";
import { TensorRead, totalBytes } from "./tensor-read.ts";

/** What is known about a tensor without reading its data. */
export interface TensorInfo extends ArrayInfo {
  /** The size of the data in bytes. */
  readonly byteLength: number;
}

/** One file of a checkpoint. */
export interface CheckpointFile {
  /** Its name in the index of a sharded checkpoint; `undefined` for a single file. */
  readonly name: string | undefined;
  /** The size of the file in bytes. */
  readonly byteLength: number;
  /** The length of the header in bytes, without the eight bytes in front that hold this length. */
  readonly headerLength: number;
}

/** Where the data of a tensor is stored. */
export interface TensorPlace {
  /** The index of its file in {@link SafetensorsFile.files}. */
  readonly file: number;
  /** The offset of the first byte in that file. */
  readonly start: number;
  /** The offset after the last byte. */
  readonly end: number;
}

/** Options of the calls that read one tensor. */
export interface TensorOptions extends LongCallOptions, Omit<CastingOptions, "cast"> {
  /** Converts to this dtype while reading. */
  readonly cast?: Dtype;
  /** Memory to read into, exactly as long as the result. The tensor is then a view of it. */
  readonly into?: ArrayBufferView;
}

/** Options of {@link SafetensorsFile.tensors}. */
export interface TensorsOptions extends LongCallOptions, CastingOptions {}

/** Options of {@link SafetensorsFile.stream}. */
export interface StreamOptions extends Omit<CastingOptions, "cast"> {
  /** Aborts the stream: the next piece rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The size of a piece in bytes, a multiple of 16; 8 MiB by default. */
  readonly chunkBytes?: number;
  /** Converts to this dtype while reading. `chunkBytes` then counts bytes before the conversion. */
  readonly cast?: Dtype;
}

/**
 * An open file or sharded checkpoint. Only the header has been read. Get one from {@link openSafetensors}. Every function
 * that takes a source also accepts an open file, and leaves it open.
 *
 * @example
 * ```ts
 * const file = await openSafetensors("model.safetensors");
 * try {
 *   console.log(file.names, file.info("layers#0@w").shape);
 *   const first = await file.tensor("layers#0@w");
 *   const rows = await file.slice("embedding", [[0, 10]]);
 * } finally {
 *   await file.close();
 * }
 * ```
 */
export class SafetensorsFile extends OpenedCheckpoint {
  /** The total size of all files in bytes, including headers. */
  get byteLength(): number {
    return this.contents.parts.reduce((sum, { source }) => sum + source.size, 0);
  }

  /** The files of the checkpoint: a single one, or all shards, sorted by name. */
  get files(): readonly CheckpointFile[] {
    return this.contents.parts.map(({ name, source, dataStart }) => ({
      name,
      byteLength: source.size,
      headerLength: dataStart - PREFIX_BYTES,
    }));
  }

  /** The number of parameters, if the index of a sharded checkpoint states it. */
  get totalParameters(): number | undefined {
    return this.contents.totalParameters;
  }

  /**
   * Returns the dtype, shape and size of a tensor.
   *
   * @throws `TensorNotFound` if the file has no tensor of this name.
   */
  info(name: string): TensorInfo {
    const { dtype, shape, start, end } = this.locate(name);
    return { dtype, shape, byteLength: end - start };
  }

  /**
   * Returns where the data of a tensor is stored.
   *
   * @throws `TensorNotFound` if the file has no tensor of this name.
   */
  place(name: string): TensorPlace {
    const { file, start, end } = this.locate(name);
    return { file: file.index, start, end };
  }

  /**
   * Reads one tensor. No other bytes are read.
   *
   * @throws `TensorNotFound` if the file has no tensor of this name; `LossyConversion` if a `cast` can't keep a value;
   *   errors of the source, such as `IoError`, `HttpError` or `ShortRead`.
   */
  async tensor(name: string, options: TensorOptions = {}): Promise<Tensor> {
    requireOptions(options);
    const { cast, lossy, into, signal, onProgress } = options;
    const tensor = this.locate(name);
    const overflow = overflowOf(tensor.dtype, cast && requireDtype(cast), options);
    const read = new TensorRead(tensor);
    read.as = { cast, lossy, into, overflow };
    const progress = new ProgressCounter(read.end - read.start, onProgress);
    for await (const { tensors } of readTensors([read], { signal, progress })) {
      progress.finish(name);
      reportOverflow(read, options);
      return tensors[0]!;
    }
    throw new Error("unreachable: one read gives one tensor");
  }

  /**
   * Reads tensors one after the other, in the order of their data. Neighbouring tensors are read together. Without
   * `names`, it reads all tensors.
   *
   * @example
   * ```ts
   * for await (const [name, tensor] of file.tensors()) console.log(name, tensor.toString());
   * ```
   */
  async *tensors(
    names?: Iterable<string>,
    options: TensorsOptions = {},
  ): AsyncGenerator<[name: string, tensor: Tensor], void, undefined> {
    requireOptions(options);
    if (names !== undefined && (typeof names === "string" || !(Symbol.iterator in Object(names)))) {
      throw invalidArgument("names", "a list of tensor names", names);
    }
    if (names === undefined) this.requireNone(this.missing.keys());
    const selected = names === undefined ? this.present : Array.from(names, (name) => this.locate(name));
    const reads = readsOf(selected, options);
    const progress = new ProgressCounter(totalBytes(reads), options.onProgress);
    for await (const { members, tensors } of readTensors(reads, { signal: options.signal, progress })) {
      for (let k = 0; k < members.length; k++) {
        reportOverflow(members[k]!, options);
        yield [members[k]!.name, tensors[k]!];
      }
    }
    progress.finish(reads.at(-1)?.name ?? "");
  }

  /**
   * Reads a part of a tensor, without reading the rest. Give one entry for each dimension, from the first: an index
   * (which drops the dimension), `[start, stop]`, `[start, stop, step]`, or `null` for the whole dimension. Or write it
   * as in numpy, `"0:4, :, -1"`.
   *
   * @throws `TensorNotFound`; `InvalidSlice` if the slice doesn't fit the shape; `MisalignedSlice` if packed elements
   *   would be cut within a byte.
   * @example
   * ```ts
   * const rows = await file.slice("embedding", [[0, 128]]);
   * const column = await file.slice("embedding", ":, 5");
   * ```
   */
  async slice(name: string, slice: SliceInput, options: TensorOptions = {}): Promise<Tensor> {
    requireOptions(options);
    const tensor = this.locate(name);
    const plan = planSlice(tensor.dtype, tensor.shape, slice);
    const { cast = tensor.dtype, lossy = false, into } = options;
    const overflow = overflowOf(tensor.dtype, requireDtype(cast), options);
    const target = targetTensor(name, cast, plan.shape, into);
    const read = cast === tensor.dtype ? target : targetTensor(name, tensor.dtype, plan.shape, undefined);
    await readSlice(tensor, plan, read.data, options);
    if (read !== target) new CastStream(tensor.dtype, target, { lossy, name, overflow }).push(read.bytes);
    reportOverflow({ name, dtype: tensor.dtype, as: { cast, overflow } }, options);
    return target;
  }

  /**
   * Reads the bytes of a tensor piece by piece, for work in bounded memory such as sums, copies and uploads. Every piece
   * except the last has `chunkBytes` bytes, so elements are never cut.
   *
   * @throws `TensorNotFound` when the first piece is requested.
   * @example
   * ```ts
   * for await (const piece of file.stream("embedding")) hash.update(piece);
   * ```
   */
  async *stream(name: string, options: StreamOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    requireOptions(options);
    yield* streamPieces(this.locate(name), options);
  }

  /** @internal The same in memory that is used again; see {@link streamPieces}. */
  pieces(
    name: string,
    options: StreamOptions,
    memory: PieceMemory,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    return streamPieces(this.locate(name), options, memory);
  }

  /** Closes the file, for `await using`. See {@link SafetensorsFile.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
