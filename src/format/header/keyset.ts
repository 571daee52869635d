// The set of keys in which the reader looks for keys that are written twice.
import { KeyList, twice } from "./key-list.ts";

/** One step of the keys' hash: takes in four bytes, or one where a word holds anything but plain ASCII. */
export function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x9e3779b1);
  return h ^ (h >>> 15);
}

/**
 * Whether any of a word's four bytes is a quote, a backslash, a control character or above 0x7f. Subtracting
 * sets the high bit of each byte that is below the constant's, or equal to it after the exclusive or.
 */
export function isSpecial(word: number): boolean {
  const marks =
    word | (word - 0x20202020) | ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101);
  return (marks & 0x80808080) !== 0;
}

// Honest keys cost about half a step each; these allow a lot of bad luck before the Map takes over.
const MIN_COST = 1024;
const COST_PER_KEY = 16;

/**
 * A set of keys that are ranges of bytes: finds the key that is written twice without making strings of them. A `Set`
 * of the decoded strings takes over for keys with escapes, and for keys crafted to collide, when probing has cost more
 * than honest keys would.
 */
export class KeySet extends KeyList {
  #hashes: Uint32Array;
  // Open addressing: at each slot the number of a key plus one, or 0.
  #table: Int32Array;
  #mask: number;
  #cost = 0;
  #texts: Set<string> | undefined;

  /** @param room Room for so many keys at first, or a list whose memory is free. */
  constructor(bytes: Uint8Array, room: number | KeyList = 8) {
    super(bytes, room);
    const { length: capacity } = this.starts;
    this.#hashes = new Uint32Array(capacity);
    this.#mask = 2 ** Math.ceil(Math.log2(2 * capacity)) - 1;
    this.#table = new Int32Array(this.#mask + 1);
  }

  add(start: number, end: number, hash: number, unescaped: string | undefined): boolean {
    if (unescaped !== undefined) this.#texts ??= this.#decoded();
    const index = this.push(start, end);
    if (index === this.#hashes.length) this.#hashes = twice(this.#hashes);
    this.#hashes[index] = hash;
    const known = this.#texts ? this.#isKnownText(index, unescaped) : this.#isKnown(index);
    if (known) this.count--;
    return known;
  }

  /** Forgets all keys and keeps the memory. */
  clear(): void {
    this.count = 0;
    this.#cost = 0;
    this.#texts = undefined;
    this.#fill(15);
  }

  #isKnownText(last: number, unescaped: string | undefined): boolean {
    const texts = this.#texts!;
    const { size } = texts;
    texts.add(unescaped ?? this.text(last));
    return texts.size === size;
  }

  // Whether a key is the same as the last one; else that one takes its slot.
  #isKnown(last: number): boolean {
    const table = this.#table;
    const hash = this.#hashes[last]!;
    let slot = this.#slot(hash);
    for (let index = table[slot]! - 1; index >= 0; index = table[slot]! - 1) {
      if (this.#hashes[index] === hash) {
        if (this.compare(index, last) === 0) return true;
        this.#cost += this.ends[last]! - this.starts[last]!;
      }
      this.#cost++;
      slot = (slot + 1) & this.#mask;
    }
    table[slot] = last + 1;
    if (this.count * 2 > this.#mask) this.#fill(this.#mask * 4 + 3);
    if (this.#cost > MIN_COST + COST_PER_KEY * this.count) this.#texts = this.#decoded();
    return false;
  }

  #slot(hash: number): number {
    return (hash ^ (hash >>> 16)) & this.#mask;
  }

  // Makes the table anew, with `mask` + 1 slots.
  #fill(mask: number): void {
    this.#mask = mask;
    if (mask >= this.#table.length) this.#table = new Int32Array(mask + 1);
    const table = this.#table.fill(0, 0, mask + 1);
    for (let index = 0; index < this.count; index++) {
      let slot = this.#slot(this.#hashes[index]!);
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = index + 1;
    }
  }

  #decoded(): Set<string> {
    const texts = new Set<string>();
    for (let index = 0; index < this.count; index++) texts.add(this.text(index));
    return texts;
  }
}
