/** Finding the values at some ranks of a long row of numbers without sorting or keeping them. */
import type { Numbers } from "./chunks.ts";

// Values are taken for integers of 32 or 64 bits in the order of their numbers, and looked at sixteen bits at a time.
const DIGIT = 2 ** 16;
const BLOCK = 4096;

/** A rank that is looked for: the digits of its value that are known, and its rank among the values that have them. */
interface Wanted {
  readonly digits: number[];
  rest: number;
}

/**
 * Counts all values by their first digit, then those that begin as a wanted one does by the next, and so on until
 * whole values are known. Values that are not finite are left out.
 */
export class Selection {
  /** Finite values, known after the first reading. */
  total = 0;
  readonly #wanted = new Map<number, Wanted>();
  #counts = new Map<number, Float64Array>([[0, new Float64Array(DIGIT)]]);
  #level = 0;
  #codes: Codes | undefined;

  /** Says which ranks are wanted, after the first reading. */
  want(ranks: Iterable<number>): void {
    for (const rank of ranks) this.#wanted.set(rank, { digits: [], rest: rank });
  }

  /** Counts a piece of the values by the digit that this reading is for. */
  count(values: Numbers): void {
    this.#codes ??= new Codes(values);
    const codes = this.#codes;
    for (let start = 0; start < values.length; start += BLOCK) {
      const count = codes.load(values.subarray(start, start + BLOCK));
      if (this.#level === 0) this.total += count;
      this.#countBlock(codes, count);
    }
  }

  #countBlock({ high, low }: Codes, count: number): void {
    const level = this.#level;
    if (level === 0) {
      const counts = this.#counts.get(0)!;
      for (let i = 0; i < count; i++) counts[high[i]! >>> 16]!++;
      return;
    }
    for (let i = 0; i < count; i++) {
      const prefix =
        level === 1 ? high[i]! >>> 16 : level === 2 ? high[i]! : high[i]! * DIGIT + (low[i]! >>> 16);
      const counts = this.#counts.get(prefix);
      if (counts === undefined) continue;
      counts[level === 1 ? high[i]! & 0xffff : level === 2 ? low[i]! >>> 16 : low[i]! & 0xffff]!++;
    }
  }

  /** Takes what was counted into account; whether another reading is needed. */
  next(): boolean {
    for (const wanted of this.#wanted.values()) {
      const counts = this.#counts.get(prefixOf(wanted.digits))!;
      let digit = 0;
      while (wanted.rest >= counts[digit]!) wanted.rest -= counts[digit++]!;
      wanted.digits.push(digit);
    }
    this.#level++;
    if (this.#wanted.size === 0 || this.#level === this.#codes!.digits) return false;
    this.#counts = new Map(
      [...this.#wanted.values()].map(({ digits }) => [prefixOf(digits), new Float64Array(DIGIT)]),
    );
    return true;
  }

  /** The value at a wanted rank, once no reading is needed any more. */
  valueAt(rank: number): number {
    return this.#codes!.valueOf(this.#wanted.get(rank)!.digits);
  }
}

function prefixOf(digits: readonly number[]): number {
  return digits.reduce((prefix, digit) => prefix * DIGIT + digit, 0);
}

/** Numbers as unsigned integers in the same order: one word, or two for doubles. */
class Codes {
  readonly high = new Uint32Array(BLOCK);
  readonly low = new Uint32Array(BLOCK);
  /** How many digits a value has. */
  readonly digits: 2 | 4;
  readonly #kind: "double" | "float" | "integer";
  readonly #offset: number;
  readonly #floats = new Float32Array(BLOCK);
  readonly #words = new Uint32Array(this.#floats.buffer);
  readonly #doubles = new Float64Array(BLOCK);
  readonly #pairs = new Uint32Array(this.#doubles.buffer);

  constructor(values: Numbers) {
    this.#kind =
      values instanceof Float64Array ? "double" : values instanceof Float32Array ? "float" : "integer";
    this.digits = this.#kind === "double" ? 4 : 2;
    const isSigned =
      values instanceof Int32Array || values instanceof Int16Array || values instanceof Int8Array;
    this.#offset = isSigned ? 2 ** 31 : 0;
  }

  /** Puts the codes of the finite values into `high` and `low`; how many they are. */
  load(values: Numbers): number {
    const { high, low } = this;
    if (this.#kind === "integer") {
      for (let i = 0; i < values.length; i++) high[i] = values[i]! + this.#offset;
      return values.length;
    }
    let kept = 0;
    if (this.#kind === "float") {
      const [floats, words] = [this.#floats, this.#words];
      floats.set(values);
      for (let i = 0; i < values.length; i++) {
        const word = words[i]!;
        if ((word & 0x7f80_0000) === 0x7f80_0000) continue;
        high[kept++] = word >>> 31 ? ~word : word | 0x8000_0000;
      }
      return kept;
    }
    const [doubles, pairs] = [this.#doubles, this.#pairs];
    doubles.set(values);
    for (let i = 0; i < values.length; i++) {
      const word = pairs[2 * i + 1]!;
      if ((word & 0x7ff0_0000) === 0x7ff0_0000) continue;
      const isNegative = word >>> 31 === 1;
      high[kept] = isNegative ? ~word : word | 0x8000_0000;
      low[kept++] = isNegative ? ~pairs[2 * i]! : pairs[2 * i]!;
    }
    return kept;
  }

  /** The number that a code's digits stand for. */
  valueOf(digits: readonly number[]): number {
    const [a, b, c = 0, d = 0] = digits as [number, number, number?, number?];
    const [high, low] = [a * DIGIT + b, c * DIGIT + d];
    if (this.#kind === "integer") return high - this.#offset;
    const isNegative = high < 2 ** 31;
    if (this.#kind === "float") {
      this.#words[0] = isNegative ? ~high : high - 2 ** 31;
      return this.#floats[0]!;
    }
    this.#pairs[1] = isNegative ? ~high : high - 2 ** 31;
    this.#pairs[0] = isNegative ? ~low : low;
    return this.#doubles[0]!;
  }
}
