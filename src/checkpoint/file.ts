/// <reference lib="esnext.disposable" preserve="true" />
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { keepShape } from "../base/keep-shape.ts";
import type { Header } from "../format/header/header.ts";
import { missingTensor } from "../format/shards.ts";
import { planSlice } from "../format/slice.ts";
import type { SliceInput } from "../format/slice-parse.ts";
import type { TensorRef } from "../format/tensor-ref.ts";
import type { ByteSource } from "../io/types.ts";
import { type ConvertOptions, convertInto } from "../tensor/convert.ts";
import { arrayClass, DTYPES, type Dtype } from "../tensor/dtypes.ts";
import { byteLengthOf } from "../tensor/size.ts";
import { Tensor } from "../tensor/tensor.ts";
import { stripKinds } from "../tree/match.ts";
import type { ArrayInfo } from "./adapter.ts";
import type { Cast, LongCallOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import { readTensors, type TensorRead } from "./read.ts";
import { readSpans } from "./read-slice.ts";
import { requireDtype, targetTensor } from "./target.ts";

/** What is known of a tensor without reading its data. */
export interface TensorInfo extends ArrayInfo {
  /** The size of the data in bytes. */
  readonly byteLength: number;
}

/** Options of the calls that read one tensor. */
export interface TensorOptions extends LongCallOptions {
  /** Converts to this dtype while reading. */
  readonly cast?: Dtype;
  /** Lets `cast` change values that the new dtype can't hold. */
  readonly lossy?: boolean;
  /** Memory to read into: exactly the bytes of the result. The tensor is then a view of it. */
  readonly into?: ArrayBufferView;
}

/** Options of {@link SafetensorsFile.tensors}. */
export interface TensorsOptions extends LongCallOptions {
  /** Converts dtypes while reading. */
  readonly cast?: Cast;
  /** Lets `cast` change values that the new dtype can't hold. */
  readonly lossy?: boolean;
}

/** Options of {@link SafetensorsFile.stream}. */
export interface StreamOptions {
  /** Aborts the stream: the next piece rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The size of a piece in bytes, a multiple of 16; 8 MiB unless told. */
  readonly chunkBytes?: number;
  /** Converts to this dtype while reading; `chunkBytes` is then of what is read. */
  readonly cast?: Dtype;
  /** Lets `cast` change values that the new dtype can't hold. */
  readonly lossy?: boolean;
}

/** One file of a checkpoint: a header that was read and the bytes behind it. */
export interface FilePart {
  readonly source: ByteSource;
  readonly header: Header<ByteSource>;
}

const STREAM_BYTES = 8 * 2 ** 20;

// Closes what a file holds once nobody can reach the file any more, its lazy leaves included.
const forgotten = new FinalizationRegistry<() => Promise<void>>((release) => {
  release().catch(() => {}); // nobody is there to be told
});

/**
 * An open file (or sharded checkpoint) of which only the header has been read. Made by `openSafetensors`;
 * every function that takes a source takes one of these too, and leaves it open.
 *
 * @example
 * ```ts
 * await using file = await openSafetensors("model.safetensors");
 * console.log(file.names, file.info("layers#0@w").shape);
 * const first = await file.tensor("layers#0@w");
 * const rows = await file.slice("embedding", [[0, 10]]);
 * ```
 */
export class SafetensorsFile {
  /** The names of all tensors, in the order of their data. */
  readonly names: readonly string[];
  /** The strings under `__metadata__`; of a sharded checkpoint, those of the index and of all its files. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #parts: readonly FilePart[];
  readonly #dataStarts: ReadonlyMap<ByteSource, number>;
  readonly #refs: readonly TensorRef<ByteSource>[];
  // What the index lists and its files don't have: an error only for those who read it.
  readonly #missing: ReadonlyMap<string, string>;
  #byName: ReadonlyMap<string, TensorRef<ByteSource>> | undefined;
  readonly #release: () => Promise<void>;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(
    parts: readonly FilePart[],
    metadata: Readonly<Record<string, string>>,
    refs: readonly TensorRef<ByteSource>[],
    release: () => Promise<void>,
    missing: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#missing = missing;
    this.#parts = parts;
    this.#refs = refs;
    this.#dataStarts = new Map(parts.map(({ source, header }) => [source, header.dataStart]));
    this.#release = release;
    this.metadata = metadata;
    forgotten.register(this, release, this);
    this.names = [...refs.map(({ name }) => name), ...missing.keys()];
  }

  /** The size of all files together, headers included, in bytes. */
  get byteLength(): number {
    return this.#parts.reduce((sum, part) => sum + part.source.size, 0);
  }

  /** Whether the file has a tensor of this name. */
  has(name: string): boolean {
    return this.#find(name) !== undefined || this.#missing.has(name);
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
   * Reads one tensor, only its bytes.
   *
   * @throws `TensorNotFound`, `LossyConversion` of a cast, and what the source throws.
   */
  async tensor(name: string, options: TensorOptions = {}): Promise<Tensor> {
    const { cast, lossy, into, signal, onProgress } = options;
    if (cast !== undefined) requireDtype(cast);
    const read: TensorRead = { ...this.locate(name), cast, lossy, into };
    const progress = new ProgressCounter(read.end - read.start, onProgress);
    for await (const { tensors } of readTensors([read], { signal, progress })) {
      progress.finish(name);
      return tensors[0]!;
    }
    throw new Error("unreachable: one read gives one tensor");
  }

  /**
   * Reads tensors one after the other, in the order of their data, neighbours together. All of them unless
   * `names` says which.
   */
  async *tensors(
    names: Iterable<string> = this.names,
    options: TensorsOptions = {},
  ): AsyncGenerator<[name: string, tensor: Tensor], void, undefined> {
    const reads = this.plan([...names], options);
    const progress = new ProgressCounter(totalBytes(reads), options.onProgress);
    for await (const { members, tensors } of readTensors(reads, { signal: options.signal, progress })) {
      for (let k = 0; k < members.length; k++) yield [members[k]!.name, tensors[k]!];
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
    const at = this.locate(name);
    const plan = planSlice(at.dtype, at.shape, slice);
    const { cast = at.dtype, lossy = false, into } = options;
    requireDtype(cast);
    const target = targetTensor(name, cast, plan.shape, into);
    const read = cast === at.dtype ? target : targetTensor(name, at.dtype, plan.shape, undefined);
    await readSpans(at, plan, read.data, options);
    if (read !== target) convertInto(read.data, at.dtype, target.data, cast, { lossy, name });
    return target;
  }

  /**
   * The bytes of a tensor piece by piece, for work in bounded memory: sums, copies, uploads. Each piece but
   * the last has `chunkBytes` bytes, so elements are never cut.
   */
  async *stream(name: string, options: StreamOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { source, dtype, start, end } = this.locate(name);
    const { cast = dtype, lossy = false } = options;
    const chunkBytes = options.chunkBytes ?? STREAM_BYTES;
    requireDtype(cast);
    if (!(Number.isSafeInteger(chunkBytes) && chunkBytes > 0 && chunkBytes % 16 === 0)) {
      throw new Pytree2SafetensorsError(
        "InvalidArgument",
        `chunkBytes must be a positive multiple of 16, not ${chunkBytes}`,
      );
    }
    for (let at = start; at < end; at += chunkBytes) {
      options.signal?.throwIfAborted();
      const chunk = await source.read(at, Math.min(at + chunkBytes, end), { signal: options.signal });
      if (cast === dtype) yield chunk;
      else yield castChunk(chunk, dtype, cast, { lossy, name, offset: elementsIn(dtype, at - start) });
    }
  }

  /** Closes what was opened for it, once; tensors that have been read stay. */
  close(): Promise<void> {
    forgotten.unregister(this);
    this.#closed ??= this.#release();
    return this.#closed;
  }

  /** The same as {@link SafetensorsFile.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Where a tensor's bytes are. */
  locate(name: string, place = 0): TensorRead {
    const found = this.#find(name);
    if (found === undefined) {
      const shard = this.#missing.get(name);
      if (shard !== undefined) throw missingTensor(name, shard);
      throw new Pytree2SafetensorsError("TensorNotFound", this.#notFound(name), { tensor: name });
    }
    const { dtype, shape, start, end, file: source } = found;
    return { name, source, dtype, shape, start, end, dataStart: this.#dataStarts.get(source)!, place };
  }

  /** @internal The reads of these tensors, in the order of their data. */
  plan(
    names: readonly string[],
    options: {
      readonly cast?: Cast | undefined;
      readonly lossy?: boolean | undefined;
      readonly into?: ((name: string, info: ArrayInfo) => ArrayBufferView | undefined) | undefined;
    },
  ): TensorRead[] {
    const { cast, lossy, into } = options;
    const parts = new Map(this.#parts.map((part, index) => [part.source, index]));
    const reads: TensorRead[] = names.map((name, place) => {
      const at = this.locate(name, place);
      if (cast === undefined && into === undefined) return at;
      return { ...at, cast: chooseCast(cast, name, at), lossy, into: into?.(name, at) ?? undefined };
    });
    return reads.sort((a, b) =>
      a.source === b.source
        ? a.start - b.start || a.end - b.end
        : parts.get(a.source)! - parts.get(b.source)!,
    );
  }

  #find(name: string): TensorRef<ByteSource> | undefined {
    this.#byName ??= new Map(this.#refs.map((ref) => [ref.name, ref]));
    return this.#byName.get(name);
  }

  #notFound(name: string): string {
    const plain = stripKinds(name);
    const isNear = (other: string) =>
      other.includes(name) || name.includes(other) || stripKinds(other) === plain;
    const close = this.names.filter(isNear).slice(0, 3);
    const hint =
      close.length > 0 ? `; near it: ${close.map((other) => JSON.stringify(other)).join(", ")}` : "";
    return `there is no tensor ${JSON.stringify(name)} among the ${this.names.length} of the file${hint}`;
  }
}

keepShape(new SafetensorsFile([], {}, [], () => Promise.resolve()));

function castChunk(chunk: Uint8Array, from: Dtype, to: Dtype, options: ConvertOptions): Uint8Array {
  const shape = [elementsIn(from, chunk.byteLength)];
  const TypedArray = arrayClass(to);
  const target = new TypedArray(byteLengthOf(to, shape) / TypedArray.BYTES_PER_ELEMENT);
  convertInto(Tensor.fromBytes(from, shape, chunk).data, from, target, to, options);
  return new Uint8Array(target.buffer);
}

function elementsIn(dtype: Dtype, bytes: number): number {
  return (bytes * 8) / DTYPES[dtype].bits;
}

/** The dtype that a tensor is to be converted to, if any. */
export function chooseCast(cast: Cast | undefined, name: string, info: ArrayInfo): Dtype | undefined {
  const chosen =
    typeof cast === "function" ? cast(name, info) : typeof cast === "object" ? cast[info.dtype] : cast;
  return chosen === undefined ? undefined : requireDtype(chosen);
}

/** The bytes that reads will take from their sources. */
export function totalBytes(reads: readonly TensorRead[]): number {
  return reads.reduce((sum, read) => sum + (read.end - read.start), 0);
}
