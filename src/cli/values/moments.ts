/** Count, extremes, mean and deviation of numbers that come in pieces. */
import type { Numbers } from "./chunks.ts";
import { Histogram } from "./histogram.ts";

// What fits the first level of cache, so that the passes over a block cost little more than one.
const BLOCK = 4096;
// One for all: a checkpoint has many thousand tensors, and nothing is kept in it between calls.
const SCRATCH = new Float64Array(BLOCK);

/**
 * Count, extremes, mean, deviation and histogram of numbers that come in pieces, in memory that does not grow.
 * Mean and deviation are joined block by block (Chan, Golub and LeVeque), which loses no digits to large sums.
 */
export class Moments {
  count = 0;
  zeros = 0;
  nan = 0;
  posInf = 0;
  negInf = 0;
  /** Least and greatest of the finite values. */
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  readonly histogram: Histogram;
  #finite = 0;
  #mean = 0;
  #squares = 0;

  constructor(integers = false) {
    this.histogram = new Histogram(integers);
  }

  /** The mean of the finite values; NaN if there are none. */
  get mean(): number {
    return this.#finite === 0 ? Number.NaN : this.#mean;
  }

  /** The standard deviation of the finite values, as numpy's `std` has it. */
  get std(): number {
    return this.#finite === 0 ? Number.NaN : Math.sqrt(this.#squares / this.#finite);
  }

  add(values: Numbers): void {
    for (let start = 0; start < values.length; start += BLOCK) {
      const piece = values.subarray(start, start + BLOCK);
      // One kind of array for the loops below: they stay as fast as the engine can make them.
      SCRATCH.set(piece);
      this.#addBlock(piece.length);
    }
  }

  merge(other: Moments): void {
    this.count += other.count;
    this.zeros += other.zeros;
    this.nan += other.nan;
    this.posInf += other.posInf;
    this.negInf += other.negInf;
    if (other.#finite === 0) return;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.#join(other.#finite, other.#mean, other.#squares);
    this.histogram.merge(other.histogram);
  }

  #addBlock(count: number): void {
    const block = SCRATCH;
    this.count += count;
    let [min, max, sum, zeros] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
    for (let i = 0; i < count; i++) {
      const value = block[i]!;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
      if (value === 0) zeros++;
    }
    if (!Number.isFinite(sum)) {
      const finite = this.#dropNonFinite(count);
      // Finite numbers whose sum overflows have no mean that a double holds; all else still counts.
      if (finite < count && finite > 0) {
        this.count -= finite;
        this.#addBlock(finite);
      }
      if (finite < count) return;
    }
    this.zeros += zeros;
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
    const mean = min === max ? min : sum / count;
    let squares = 0;
    for (let i = 0; i < count && min < max; i++) {
      const difference = block[i]! - mean;
      squares += difference * difference;
    }
    this.#join(count, mean, squares);
    this.histogram.add(block, count, min, max);
  }

  /** Counts NaN and infinities of the block and closes the gaps; how many numbers are left. */
  #dropNonFinite(count: number): number {
    const block = SCRATCH;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const value = block[i]!;
      if (Number.isFinite(value)) block[kept++] = value;
      else if (Number.isNaN(value)) this.nan++;
      else if (value > 0) this.posInf++;
      else this.negInf++;
    }
    return kept;
  }

  #join(count: number, mean: number, squares: number): void {
    const total = this.#finite + count;
    const difference = mean - this.#mean;
    this.#mean += (difference * count) / total;
    this.#squares += squares + (difference * difference * this.#finite * count) / total;
    this.#finite = total;
  }
}
