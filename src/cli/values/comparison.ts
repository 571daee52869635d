/** How the values of two tensors differ, as a plain object: the numbers of `diff`, for whoever shows them. */
import type { Dtype } from "../../index.node.ts";
import { equalBytes } from "./bytes.ts";
import { type ChunkReader, decode, hasNumbers, isFloat, type Numbers, readChunks } from "./chunks.ts";
import type { Moments } from "./moments.ts";
import { sizeOf } from "./size.ts";
import { type UlpDistance, ulpDistance } from "./ulp.ts";

/** How the values of two tensors of one shape differ. */
export interface Comparison {
  /** Whether dtype and every byte are the same. */
  readonly identical: boolean;
  readonly count: number;
  /** Elements that are not equal; NaN equals NaN. */
  readonly differing: number;
  /** Elements that differ by more than the tolerance. */
  readonly beyond: number;
  readonly maxAbs: number;
  /** The mean of `|a − b|` over the elements that are numbers in both. */
  readonly meanAbs: number;
  /** The greatest of `|a − b| / max(|a|, |b|)`. */
  readonly maxRel: number;
  /** The cosine of the angle between the two as vectors. */
  readonly cosine: number;
  /** The greatest distance in steps of the dtype; for floats of one dtype. */
  readonly maxUlp?: number;
  /** Elements that are NaN in one of the two only. */
  readonly nan: number;
}

/** Two tensors of one shape to compare. */
export interface Pair {
  readonly a: ChunkReader;
  readonly b: ChunkReader;
  readonly nameA: string;
  readonly nameB: string;
}

/** How values are compared. */
export interface CompareOptions {
  readonly signal: AbortSignal;
  /** Values may differ by `t + t * |b|`; by nothing without it. */
  readonly tolerance?: number | undefined;
  /** Collects the differences `b − a`, for a histogram of them. */
  readonly differences?: Moments | undefined;
  /** Told of bytes that were read. */
  readonly onBytes?: ((count: number, name: string) => void) | undefined;
}

/** Compares the values of two tensors of one shape chunk by chunk, in memory for a few chunks. */
export async function compare(pair: Pair, options: CompareOptions): Promise<Comparison> {
  const { a, b, nameA, nameB } = pair;
  const [dtypeA, dtypeB] = [a.info(nameA).dtype, b.info(nameB).dtype];
  const same = dtypeA === dtypeB;
  const numbers = hasNumbers(dtypeA) && hasNumbers(dtypeB);
  const sums = new Sums(dtypeA, options.tolerance ?? 0, options.differences);
  const chunksB = readChunks(b, nameB, options.signal);
  let identical = same;
  let skipped = 0;
  try {
    for await (const chunkA of readChunks(a, nameA, options.signal)) {
      const { value: chunkB } = await chunksB.next();
      if (!chunkB) break;
      const equal = same && equalBytes(chunkA, chunkB);
      if (!equal) identical = false;
      if (equal && identical) skipped++;
      else if (numbers && equal) sums.addEqual(decode(dtypeA, chunkA));
      else if (numbers)
        sums.add(
          decode(dtypeA, chunkA),
          decode(dtypeB, chunkB),
          same ? ulpDistance(dtypeA, chunkA, chunkB) : undefined,
          same ? [chunkA, chunkB] : undefined,
        );
      options.onBytes?.(chunkA.byteLength + chunkB.byteLength, nameA);
    }
  } finally {
    await chunksB.return();
  }
  // What is equal adds to the length of both vectors; most tensors are equal to the end and never get here.
  if (!identical && numbers && skipped > 0) {
    for await (const chunk of readChunks(a, nameA, options.signal)) {
      sums.addEqual(decode(dtypeA, chunk));
      if (--skipped === 0) break;
    }
  }
  const count = sizeOf(a.info(nameA).shape);
  return sums.result(identical, count, same && isFloat(dtypeA), numbers);
}

// What fits the first level of cache; one for all, because nothing is kept in it between calls.
const BLOCK = 4096;
const LEFT = new Float64Array(BLOCK);
const RIGHT = new Float64Array(BLOCK);

class Sums {
  #differing = 0;
  #beyond = 0;
  #nan = 0;
  #maxAbs = 0;
  #sumAbs = 0;
  #compared = 0;
  #maxRel = 0;
  #maxUlp = 0;
  #dot = 0;
  #squaresA = 0;
  #squaresB = 0;
  readonly #dtype: Dtype;
  readonly #tolerance: number;
  readonly #differences: Moments | undefined;

  constructor(dtype: Dtype, tolerance: number, differences: Moments | undefined) {
    this.#dtype = dtype;
    this.#tolerance = tolerance;
    this.#differences = differences;
  }

  addEqual(values: Numbers): void {
    let [sum, numbers] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      const square = values[i]! * values[i]!;
      if (Number.isNaN(square)) continue; // NaN has no direction
      sum += square;
      numbers++;
    }
    this.#compared += numbers;
    this.#differences?.add(new Float64Array(numbers));
    this.#dot += sum;
    this.#squaresA += sum;
    this.#squaresB += sum;
  }

  add(
    a: Numbers,
    b: Numbers,
    ulp: UlpDistance | undefined,
    bytes: readonly [Uint8Array, Uint8Array] | undefined,
  ): void {
    const exact = bytes && wideDifference(this.#dtype, ...bytes);
    for (let start = 0; start < a.length; start += BLOCK) {
      const count = Math.min(BLOCK, a.length - start);
      // One kind of array for the loop: engines make it several times as fast as one over two kinds.
      LEFT.set(a.subarray(start, start + count));
      RIGHT.set(b.subarray(start, start + count));
      this.#addBlock(start, count, ulp, exact);
    }
  }

  /** Adds what lies in the scratch memory. Sums are kept in variables of the loop, where engines are fastest. */
  #addBlock(
    start: number,
    count: number,
    ulp: UlpDistance | undefined,
    exact: ((index: number) => number) | undefined,
  ): void {
    const tolerance = this.#tolerance;
    const signed = this.#differences && new Float64Array(count);
    let [dot, squaresA, squaresB, sumAbs, numbers] = [0, 0, 0, 0, 0];
    let [differing, beyond, nan] = [0, 0, 0];
    let [maxAbs, maxRel, maxUlp] = [this.#maxAbs, this.#maxRel, this.#maxUlp];
    for (let i = 0; i < count; i++) {
      const p = LEFT[i]!;
      const q = RIGHT[i]!;
      if (Number.isNaN(p) || Number.isNaN(q)) {
        if (!(Number.isNaN(p) && Number.isNaN(q))) nan++;
        continue;
      }
      dot += p * q;
      squaresA += p * p;
      squaresB += q * q;
      const difference = exact ? exact(start + i) : p === q ? 0 : Math.abs(p - q);
      if (signed) signed[numbers] = q < p ? -difference : difference;
      numbers++;
      if (difference === 0) continue;
      differing++;
      sumAbs += difference;
      if (difference > maxAbs) maxAbs = difference;
      const size = Math.abs(q);
      const relative = difference / Math.max(Math.abs(p), size);
      // An infinite difference over an infinite number.
      if (Number.isNaN(relative)) maxRel = Number.POSITIVE_INFINITY;
      else if (relative > maxRel) maxRel = relative;
      if (!(difference <= tolerance + tolerance * size)) beyond++;
      if (ulp) {
        const steps = ulp(start + i);
        if (steps > maxUlp) maxUlp = steps;
      }
    }
    this.#differing += differing;
    this.#beyond += beyond;
    this.#nan += nan;
    this.#maxAbs = maxAbs;
    this.#maxRel = maxRel;
    this.#maxUlp = maxUlp;
    this.#dot += dot;
    this.#squaresA += squaresA;
    this.#squaresB += squaresB;
    this.#sumAbs += sumAbs;
    this.#compared += numbers;
    if (signed) this.#differences?.add(signed.subarray(0, numbers));
  }

  result(identical: boolean, count: number, hasUlp: boolean, hasNumbers: boolean): Comparison {
    const lengths = Math.sqrt(this.#squaresA) * Math.sqrt(this.#squaresB);
    const known = hasNumbers ? 0 : Number.NaN;
    return {
      identical,
      count,
      differing: this.#differing + this.#nan,
      // Bits without numbers that differ have no distance that a tolerance could cover.
      beyond: hasNumbers ? this.#beyond + this.#nan : identical ? 0 : count,
      maxAbs: this.#nan > 0 ? Number.NaN : this.#maxAbs + known,
      meanAbs: this.#nan > 0 ? Number.NaN : this.#sumAbs / Math.max(1, this.#compared) + known,
      maxRel: this.#nan > 0 ? Number.NaN : this.#maxRel + known,
      cosine: identical
        ? 1
        : (lengths === 0 ? (this.#squaresA === this.#squaresB ? 1 : 0) : clamp(this.#dot / lengths)) + known,
      ...(hasUlp && hasNumbers && { maxUlp: this.#maxUlp }),
      nan: this.#nan,
    };
  }
}

// Rounding can lead a hair beyond.
function clamp(cosine: number): number {
  return Math.min(1, Math.max(-1, cosine));
}

/** The exact difference of 64-bit integers, for doubles may not tell them apart. */
function wideDifference(dtype: Dtype, a: Uint8Array, b: Uint8Array): ((index: number) => number) | undefined {
  if (dtype !== "I64" && dtype !== "U64") return undefined;
  const [x, y] = [a, b].map((bytes) => {
    const { buffer, byteOffset, byteLength } = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
    return new (dtype === "I64" ? BigInt64Array : BigUint64Array)(
      buffer as ArrayBuffer,
      byteOffset,
      byteLength / 8,
    );
  }) as [BigInt64Array, BigInt64Array];
  return (i) => (x[i] === y[i] ? 0 : Math.abs(Number(x[i]! - y[i]!)));
}
