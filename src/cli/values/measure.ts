// Measures the values of one tensor as its chunks come in; runs in Node and in browsers.
import { type Dtype, Tensor } from "../../index.node.ts";
import { type ChunkReader, decode, isFloat, readChunks } from "./chunks.ts";
import type { Bins } from "./histogram.ts";
import { Moments } from "./moments.ts";

/** What is known of a tensor's values. */
export interface TensorStats {
  readonly name: string;
  readonly dtype: Dtype | undefined;
  readonly shape: readonly number[] | undefined;
  readonly count: number;
  readonly min: number | bigint;
  readonly max: number | bigint;
  readonly mean: number;
  readonly std: number;
  readonly zeros: number;
  readonly nan: number;
  readonly posInf: number;
  readonly negInf: number;
  readonly histogram: Bins;
}

/** What was collected of a tensor, or of several. */
export interface Measured {
  readonly dtype?: Dtype;
  readonly shape?: readonly number[];
  readonly moments: Moments;
  /** The extremes of 64-bit integers, which doubles can't tell apart. */
  readonly exact?: Extremes | undefined;
}

/** Reads a tensor once and collects its values in bounded memory. */
export async function measure(
  file: ChunkReader,
  name: string,
  options: { readonly signal: AbortSignal; readonly onBytes: (count: number) => void },
): Promise<Measured> {
  const { dtype, shape } = file.info(name);
  const moments = new Moments(!isFloat(dtype));
  const exact = dtype === "I64" || dtype === "U64" ? new Extremes(dtype) : undefined;
  for await (const chunk of readChunks(file, name, options.signal)) {
    moments.add(decode(dtype, chunk));
    exact?.add(chunk, moments);
    options.onBytes(chunk.byteLength);
  }
  return { dtype, shape, moments, exact };
}

/** Least and greatest of 64-bit integers, where doubles can't tell neighbours apart. */
class Extremes {
  min: bigint | undefined;
  max: bigint | undefined;
  readonly #dtype: "I64" | "U64";

  constructor(dtype: "I64" | "U64") {
    this.#dtype = dtype;
  }

  add(chunk: Uint8Array, { min, max }: Moments): void {
    if (this.min === undefined && Number.isSafeInteger(min) && Number.isSafeInteger(max)) return;
    for (const value of Tensor.fromBytes(this.#dtype, [chunk.byteLength / 8], chunk).data) {
      if (this.min === undefined || value < this.min) this.min = value;
      if (this.max === undefined || value > this.max) this.max = value;
    }
  }
}

/** Sums up what was collected, with a histogram of at most `bins` bins. */
export function summarize(
  name: string,
  { dtype, shape, moments, exact }: Measured,
  bins: number,
): TensorStats {
  const { count, min, max, mean, std, zeros, nan, posInf, negInf, histogram } = moments;
  const none = min > max;
  return {
    name,
    dtype,
    shape,
    count,
    min: none ? Number.NaN : pick(min, exact?.min, (a, b) => a < b),
    max: none ? Number.NaN : pick(max, exact?.max, (a, b) => a > b),
    mean,
    std,
    zeros,
    nan,
    posInf,
    negInf,
    histogram: histogram.bins(bins),
  };
}

// Until the first large value shows up, small ones are known as doubles only.
function pick(
  value: number,
  exact: bigint | undefined,
  before: (a: bigint | number, b: number | bigint) => boolean,
) {
  return exact === undefined || (Number.isSafeInteger(value) && before(value, exact)) ? value : exact;
}
