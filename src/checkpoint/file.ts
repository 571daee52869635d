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
import { readTensors, TensorRead, totalBytes } from "./read-tensors.ts";
import { overflowOf, readsOf, reportOverflow } from "./reads-of.ts";
import { streamPieces } from "./stream-pieces.ts";
import { targetTensor } from "./target.ts";

/** What is known of a tensor without reading its data. */
export interface TensorInfo extends ArrayInfo {
  /** The size of the data in bytes. */
  readonly byteLength: number;
}

/** One file of a checkpoint. */
export interface CheckpointFile {
  /** What the index of a sharded checkpoint calls it; `undefined` for a single file. */
  readonly name: string | undefined;
  /** The size of the file in bytes. */
  readonly byteLength: number;
  /** The length of the header in bytes, without the eight bytes before it that say it. */
  readonly headerLength: number;
}

/** Where the data of a tensor are. */
export interface TensorPlace {
  /** The place of its file in {@link SafetensorsFile.files}. */
  readonly file: number;
  /** Where the data begin in that file, in bytes. */
  readonly start: number;
  /** Where they end. */
  readonly end: number;
}

/** Options of the calls that read one tensor. */
export interface TensorOptions extends LongCallOptions, Omit<CastingOptions, "cast"> {
  /** Converts to this dtype while reading. */
  readonly cast?: Dtype;
  /** Memory to read into: exactly the bytes of the result. The tensor is then a view of it. */
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
  /** Converts to this dtype while reading. `chunkBytes` then counts what is read. */
  readonly cast?: Dtype;
}

/**
 * An open file (or sharded checkpoint) of which only the header has been read. `openSafetensors` makes it;
 * every function that takes a source takes one of these too, and leaves it open.
 *
 * @example
 * ```ts
 * const file = await openSafetensors("model.safetensors");
 * console.log(file.names, file.info("layers#0@w").shape);
 * const first = await file.tensor("layers#0@w");
 * const rows = await file.slice("embedding", [[0, 10]]);
 * await file.close();
 * ```
 */
export class SafetensorsFile extends OpenedCheckpoint {
  /** The size of all files together, headers included, in bytes. */
  get byteLength(): number {
    return this.contents.parts.reduce((sum, { source }) => sum + source.size, 0);
  }

  /** The files that it consists of: one, or the shards of a sharded checkpoint in the order of their names. */
  get files(): readonly CheckpointFile[] {
    return this.contents.parts.map(({ name, source, dataStart }) => ({
      name,
      byteLength: source.size,
      headerLength: dataStart - PREFIX_BYTES,
    }));
  }

  /** What the index of a sharded checkpoint gives as the number of its parameters, if it gives one. */
  get totalParameters(): number | undefined {
    return this.contents.totalParameters;
  }

  /**
   * Dtype, shape and size of a tensor.
   *
   * @throws `TensorNotFound`
   */
  info(name: string): TensorInfo {
    const { dtype, shape, start, end } = this.locate(name);
    return { dtype, shape, byteLength: end - start };
  }

  /**
   * Where the data of a tensor are.
   *
   * @throws `TensorNotFound`
   */
  place(name: string): TensorPlace {
    const { file, start, end } = this.locate(name);
    return { file: file.index, start, end };
  }

  /**
   * Reads one tensor, only its bytes.
   *
   * @throws `TensorNotFound`, `LossyConversion` of a cast, and what the source throws.
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
   * Reads tensors one after the other, in the order of their data, neighbours together. Without `names`, it reads all
   * of them.
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
   * Reads a part of a tensor: of the first dimensions only the rows asked for, of the inner ones only the
   * spans. One entry a dimension, from the first: an index (the dimension goes away), `[start, stop]` or
   * `[start, stop, step]`, `null` for all of it; or the same as numpy writes it, `"0:4, :, -1"`.
   *
   * @throws `InvalidSlice` where the slice does not fit the shape, `MisalignedSlice` where it cuts a byte.
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
    reportOverflow({ name, tensor, as: { cast, overflow } }, options);
    return target;
  }

  /**
   * The bytes of a tensor piece by piece, for work in bounded memory: sums, copies, uploads. Each piece but
   * the last has `chunkBytes` bytes, so elements are never cut.
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

  /** The same as {@link SafetensorsFile.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
