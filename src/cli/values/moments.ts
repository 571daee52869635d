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
  /** Least and greatest of the finite values; 0 also stands for -0. */
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  readonly histogram: Histogram;
  #hasPlusZero = false;
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

  /** Whether there are zeros, and every one is -0. */
  get hasOnlyMinusZeros(): boolean {
    return this.zeros > 0 && !this.#hasPlusZero;
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
    this.#hasPlusZero ||= other.#hasPlusZero;
    if (other.#finite === 0) return;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.#join(other.#finite, other.#mean, other.#squares);
    this.histogram.merge(other.histogram);
  }

  #addBlock(count: number): void {
    const block = SCRATCH;
    this.count += count;
    const { min, max, sum, zeros } = scan(count);
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
    // Outside the loop over all numbers, and over with the first 0: signs of zeros cost next to nothing.
    if (zeros > 0 && !this.#hasPlusZero) this.#hasPlusZero = hasPlusZero(count);
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
    const mean = min === max ? min : sum / count;
    this.#join(count, mean, min < max ? squaresAround(mean, count) : 0);
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

/**
 * Extremes, sum and zeros of the block. Two numbers at a time, so that an addition needn't wait for the one before it, and
 * one test for a zero among both: three quarters of the time that one at a time takes.
 */
function scan(count: number): { min: number; max: number; sum: number; zeros: number } {
  const block = SCRATCH;
  const even = count - (count % 2);
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  let [otherMin, otherMax, otherSum, zeros] = [min, max, 0, 0];
  for (let i = 0; i < even; i += 2) {
    const value = block[i]!;
    const other = block[i + 1]!;
    sum += value;
    otherSum += other;
    if (value < min) min = value;
    if (value > max) max = value;
    if (other < otherMin) otherMin = other;
    if (other > otherMax) otherMax = other;
    // A product can also round to zero; that of zero with NaN or infinity is NaN, but then the block is scanned again.
    if (value * other === 0) {
      if (value === 0) zeros++;
      if (other === 0) zeros++;
    }
  }
  if (even < count) {
    const last = block[even]!;
    sum += last;
    if (last < min) min = last;
    if (last > max) max = last;
    if (last === 0) zeros++;
  }
  // Of 0 and -0, which compare equal, always 0, whatever their order.
  return {
    min: Math.min(min, otherMin) + 0,
    max: Math.max(max, otherMax) + 0,
    sum: sum + otherSum,
    zeros,
  };
}

function hasPlusZero(count: number): boolean {
  for (let i = 0; i < count; i++) if (Object.is(SCRATCH[i], 0)) return true;
  return false;
}

/** The sum of the squared distances from the mean of the block, in four sums for the same reason. */
function squaresAround(mean: number, count: number): number {
  const block = SCRATCH;
  const whole = count - (count % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    const x = block[i]! - mean;
    const y = block[i + 1]! - mean;
    const z = block[i + 2]! - mean;
    const w = block[i + 3]! - mean;
    a += x * x;
    b += y * y;
    c += z * z;
    d += w * w;
  }
  for (let i = whole; i < count; i++) a += (block[i]! - mean) ** 2;
  return a + b + (c + d);
}
