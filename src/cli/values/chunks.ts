/** A bounded piece of a tensor at a time, as numbers. */
import { DTYPES, type Dtype, type SafetensorsFile, Tensor } from "../../index.node.ts";

/** Real numbers of any kind that JavaScript computes with. */
export type Numbers =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Elements in a chunk: 4 MiB of F32, a whole number of bytes for every dtype. */
export const CHUNK_ELEMENTS = 2 ** 20;

/** What chunks are read from: an open file, or what stands for one in a worker. */
export type ChunkReader = Pick<SafetensorsFile, "info" | "stream">;

/** Bytes in a chunk of so many elements. */
export function chunkBytesOf(dtype: Dtype): number {
  return (CHUNK_ELEMENTS * DTYPES[dtype].bits) / 8;
}

/** The bytes of a tensor in chunks of {@link CHUNK_ELEMENTS}; the next is read while one is worked on. */
export function readChunks(
  file: ChunkReader,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  return ahead(file.stream(name, { signal, chunkBytes: chunkBytesOf(file.info(name).dtype) }));
}

/** Whether there is arithmetic for a dtype: nobody has fixed how F6 is packed. */
export function hasNumbers(dtype: Dtype): boolean {
  return DTYPES[dtype].bits !== 6;
}

/** Whether a dtype can have NaN and infinities. */
export function isFloat(dtype: Dtype): boolean {
  return /^(B?F|C)/.test(dtype);
}

/**
 * The numbers that bytes stand for: small floats widened, 64-bit integers as the nearest doubles, complex ones as
 * their interleaved parts.
 */
export function decode(dtype: Dtype, bytes: Uint8Array): Numbers {
  const tensor = Tensor.fromBytes(dtype, [(bytes.byteLength * 8) / DTYPES[dtype].bits], bytes);
  const { data } = tensor;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return tensor.cast("F64", { lossy: true }).data;
  if (!isFloat(dtype) || data instanceof Float32Array || data instanceof Float64Array) return data;
  return tensor.cast("F32").data;
}

/** Starts to make the next item while the consumer works on one. */
async function* ahead<T>(items: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = items.next();
      next.catch(() => {}); // looked at when its turn comes
      yield value;
    }
  } finally {
    await next.catch(() => {});
    await items.return();
  }
}
