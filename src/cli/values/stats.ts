/** What the values of tensors are like, as plain objects: the numbers of `stats`, for whoever shows them. */
import { type Dtype, Tensor } from "../../index.node.ts";
import { type ChunkReader, decode, isFloat, readChunks } from "./chunks.ts";
import type { Bins } from "./histogram.ts";
import { Moments } from "./moments.ts";
import { type Percentile, percentilesOf } from "./percentiles.ts";

/** What is known of the values of a tensor, or of several together. */
export interface TensorStats {
  readonly name: string;
  /** Left out where the tensors are of several dtypes. */
  readonly dtype?: Dtype;
  readonly shape?: readonly number[];
  readonly count: number;
  /** Least and greatest of the finite values; NaN if there are none. */
  readonly min: number | bigint;
  readonly max: number | bigint;
  readonly mean: number;
  readonly std: number;
  readonly zeros: number;
  readonly nan: number;
  readonly posInf: number;
  readonly negInf: number;
  readonly histogram: Bins;
  readonly percentiles?: readonly Percentile[];
}

/** How values are measured. */
export interface MeasureOptions {
  readonly signal: AbortSignal;
  /** Percentiles to find, from 0 to 100. Large tensors are read two more times for them, 64-bit ones four times. */
  readonly percentiles?: readonly number[] | undefined;
  /** Told of bytes that were read. */
  readonly onBytes?: (count: number, name: string) => void;
}

/** The figures of a tensor before they are made a {@link TensorStats}: its moments can be merged with those of others. */
export interface Measurement {
  readonly moments: Moments;
  readonly exact?: Extremes | undefined;
  readonly percentiles?: readonly Percentile[] | undefined;
}

/** Reads a tensor in pieces and measures it, in bounded memory. */
export async function measure(
  file: ChunkReader,
  name: string,
  options: MeasureOptions,
): Promise<Measurement> {
  const { signal, onBytes, percentiles } = options;
  const { dtype } = file.info(name);
  const moments = new Moments(!isFloat(dtype));
  const exact = dtype === "I64" || dtype === "U64" ? new Extremes(dtype) : undefined;
  for await (const chunk of readChunks(file, name, signal)) {
    moments.add(decode(dtype, chunk));
    exact?.add(chunk, moments);
    onBytes?.(chunk.byteLength, name);
  }
  return {
    moments,
    exact,
    percentiles: percentiles && (await percentilesOf(file, name, percentiles, signal)),
  };
}

/** The figures as a plain object. */
export function summarize(
  what: { readonly name: string; readonly dtype?: Dtype | undefined; readonly shape?: readonly number[] },
  { moments, exact, percentiles }: Measurement,
  bins: number,
): TensorStats {
  const { name, dtype, shape } = what;
  const { count, min, max, mean, std, zeros, nan, posInf, negInf, histogram } = moments;
  const none = min > max;
  const signed = (value: number) => (value === 0 && moments.hasOnlyMinusZeros ? -0 : value);
  return {
    name,
    ...(dtype && { dtype }),
    ...(shape && { shape }),
    count,
    min: none ? Number.NaN : pick(signed(min), exact?.min, (a, b) => a < b),
    max: none ? Number.NaN : pick(signed(max), exact?.max, (a, b) => a > b),
    mean,
    std,
    zeros,
    nan,
    posInf,
    negInf,
    histogram: histogram.bins(bins),
    ...(percentiles && { percentiles }),
  };
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

// Until the first large value shows up, small ones are known as doubles only.
function pick(
  value: number,
  exact: bigint | undefined,
  before: (a: bigint | number, b: number | bigint) => boolean,
) {
  return exact === undefined || (Number.isSafeInteger(value) && before(value, exact)) ? value : exact;
}
