/** Exact percentiles of tensors of any size, in bounded memory. */
import { CHUNK_ELEMENTS, type ChunkReader, decode, type Numbers, readChunks } from "./chunks.ts";
import { Selection } from "./selection.ts";
import { sizeOf } from "./size.ts";

/** A percentile and its value, as numpy's `percentile` has it with its linear method. */
export interface Percentile {
  readonly percent: number;
  readonly value: number;
}

/**
 * Percentiles of the finite values of a tensor; NaN if there are none. What fits one chunk is sorted. Of larger tensors
 * the values at the ranks in question are found digit by digit, sixteen bits in each reading.
 */
export async function percentilesOf(
  file: ChunkReader,
  name: string,
  percents: readonly number[],
  signal: AbortSignal,
): Promise<Percentile[]> {
  const { dtype, shape } = file.info(name);
  const read = async (use: (values: Numbers) => void) => {
    for await (const chunk of readChunks(file, name, signal)) use(decode(dtype, chunk));
  };
  if (sizeOf(shape) <= CHUNK_ELEMENTS) {
    let sorted = new Float64Array(0);
    await read((values) => {
      sorted = new Float64Array(values).filter(Number.isFinite).sort();
    });
    return percents.map((percent) => interpolate(percent, sorted.length, (rank) => sorted[rank]!));
  }
  const selection = new Selection();
  await read((values) => selection.count(values));
  const { total } = selection;
  selection.want(percents.flatMap((percent) => ranksOf(percent, total)));
  while (selection.next()) await read((values) => selection.count(values));
  return percents.map((percent) => interpolate(percent, total, (rank) => selection.valueAt(rank)));
}

function ranksOf(percent: number, count: number): number[] {
  if (count === 0) return [];
  const place = (percent / 100) * (count - 1);
  return [...new Set([Math.floor(place), Math.min(Math.floor(place) + 1, count - 1)])];
}

function interpolate(percent: number, count: number, valueAt: (rank: number) => number): Percentile {
  if (count === 0) return { percent, value: Number.NaN };
  const place = (percent / 100) * (count - 1);
  const [low, high = low] = ranksOf(percent, count).map(valueAt) as [number, number?];
  const share = place - Math.floor(place);
  // numpy's own formula, to the last bit.
  const value = share < 0.5 ? low + (high - low) * share : high - (high - low) * (1 - share);
  return { percent, value: value + 0 }; // never -0
}
