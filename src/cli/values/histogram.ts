/** Counts in bins whose range nobody knows beforehand. */
/** A histogram for people: `counts[i]` values lie in `[edges[i], edges[i + 1])`, in the last one also at its end. */
export interface Bins {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

// Fine enough that any two dozen bins can be made of them exactly.
const FINE_BINS = 2048;
// Narrower bins than this have reciprocals that no double holds.
const MIN_EXPONENT = -1000;

/**
 * Counts values in bins whose range nobody knows beforehand: bins are as wide as a power of two and begin at
 * multiples of it, so that they can be joined pairwise, exactly, whenever a value lies outside. What comes out
 * depends on the values alone, not on their order.
 */
export class Histogram {
  #counts = new Float64Array(FINE_BINS);
  #exponent: number | undefined;
  #first = 0;
  readonly #minExponent: number;

  /** @param integers Makes no bins narrower than 1. */
  constructor(integers = false) {
    this.#minExponent = integers ? 0 : MIN_EXPONENT;
  }

  /** Counts the first `count` values; all of them lie between `min` and `max` and are finite. */
  add(values: Float64Array, count: number, min: number, max: number): void {
    this.#cover(min, max, this.#minExponent);
    const counts = this.#counts;
    const scale = 2 ** -this.#exponent!;
    const first = this.#first;
    if (min === max) {
      counts[Math.floor(min * scale) - first]! += count;
      return;
    }
    // `| 0` tells the engine that it is a small integer: it looks for -0 and fractions otherwise.
    for (let i = 0; i < count; i++) counts[(Math.floor(values[i]! * scale) - first) | 0]!++;
  }

  /** Adds what another has counted. */
  merge(other: Histogram): void {
    if (other.#exponent === undefined) return;
    const used = other.#used();
    const width = 2 ** other.#exponent;
    this.#cover((other.#first + used.start) * width, (other.#first + used.end - 1) * width, other.#exponent);
    const ratio = 2 ** (this.#exponent! - other.#exponent);
    for (let i = used.start; i < used.end; i++) {
      this.#counts[Math.floor((other.#first + i) / ratio) - this.#first]! += other.#counts[i]!;
    }
  }

  /** At most so many bins of equal width from the least to the greatest value. */
  bins(most: number): Bins {
    if (this.#exponent === undefined) return { edges: [], counts: [] };
    const { start, end } = this.#used();
    const step = Math.ceil((end - start) / most);
    const width = 2 ** this.#exponent;
    const edges: number[] = [];
    const counts: number[] = [];
    for (let i = start; i < end; i += step) {
      edges.push((this.#first + i) * width);
      counts.push(this.#counts.subarray(i, Math.min(i + step, end)).reduce((sum, count) => sum + count, 0));
    }
    edges.push((this.#first + start + counts.length * step) * width);
    return { edges, counts };
  }

  #used(): { start: number; end: number } {
    const start = this.#counts.findIndex((count) => count > 0);
    return { start: Math.max(0, start), end: this.#counts.findLastIndex((count) => count > 0) + 1 };
  }

  /** Makes the bins reach from `min` to `max`, and no narrower than 2^`least`. */
  #cover(min: number, max: number, least: number): void {
    const old = this.#exponent;
    if (old === undefined) {
      this.#exponent = exponentFor(min, max, least);
      this.#first = Math.floor(min / 2 ** this.#exponent);
      return;
    }
    const width = 2 ** old;
    const low = Math.floor(min / width);
    const high = Math.floor(max / width);
    if (old >= least && low >= this.#first && high < this.#first + FINE_BINS) return;
    const { start, end } = this.#used();
    const lowest = Math.min(min, (this.#first + start) * width);
    const highest = Math.max(max, (this.#first + end - 1) * width);
    const exponent = exponentFor(lowest, highest, Math.max(old, least));
    const first = Math.floor(lowest / 2 ** exponent);
    const counts = new Float64Array(FINE_BINS);
    const ratio = 2 ** (exponent - old);
    for (let i = start; i < end; i++)
      counts[Math.floor((this.#first + i) / ratio) - first]! += this.#counts[i]!;
    this.#counts = counts;
    this.#exponent = exponent;
    this.#first = first;
  }
}

/** The least power of two, as its exponent, whose multiples cut the range into few enough bins. */
function exponentFor(min: number, max: number, least: number): number {
  const fits = (exponent: number) =>
    Math.floor(max / 2 ** exponent) - Math.floor(min / 2 ** exponent) < FINE_BINS;
  const range = max / FINE_BINS - min / FINE_BINS;
  // Bins of a single value: far narrower than it, for others may lie close to it.
  const guess =
    range > 0
      ? Math.floor(Math.log2(range)) - 1
      : Math.floor(Math.log2(Math.abs(max) || Number.MIN_VALUE)) - 40;
  let exponent = Math.max(least, MIN_EXPONENT, guess);
  while (!fits(exponent)) exponent++;
  return exponent;
}
