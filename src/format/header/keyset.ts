// The set of keys in which the reader looks for keys that are written twice.
import { decodeUtf8 } from "../utf8.ts";
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
 * A set of keys that are ranges of bytes, numbered as they came: finds the key that is written twice without
 * making strings of them. A Map of the decoded strings takes over for keys with escapes, and for keys crafted to
 * collide, when probing has cost more than honest keys would.
 */
export class KeySet extends KeyList {
  #hashes: Uint32Array;
  // Open addressing: at each slot the number of a key plus one, or 0.
  #table: Int32Array;
  #mask: number;
  #cost = 0;
  #map: Map<string, number> | undefined;

  /** @param room Room for so many keys at first, or a list whose memory is free. */
  constructor(bytes: Uint8Array, room: number | KeyList = 8) {
    super(bytes, room);
    const { length: capacity } = this.starts;
    this.#hashes = new Uint32Array(capacity);
    this.#mask = 2 ** Math.ceil(Math.log2(2 * capacity)) - 1;
    this.#table = new Int32Array(this.#mask + 1);
  }

  add(start: number, end: number, hash: number, unescaped: string | undefined): number {
    if (unescaped !== undefined) {
      this.escaped = true;
      if (!this.#map) this.#useMap();
    }
    const index = this.push(start, end);
    if (index === this.#hashes.length) this.#hashes = twice(this.#hashes);
    this.#hashes[index] = hash;
    const slot = this.#map ? -1 : this.#probe(index);
    const key = this.#map ? (unescaped ?? decodeUtf8(this.bytes, start, end)) : "";
    const known = this.#map ? this.#map.get(key) : this.#table[slot]! - 1;
    if (known !== undefined && known >= 0) {
      this.count--;
      return known;
    }
    if (this.#map) this.#map.set(key, index);
    else {
      this.#table[slot] = index + 1;
      if (this.count * 2 > this.#mask) this.#fill(this.#mask * 4 + 3);
      if (this.#cost > MIN_COST + COST_PER_KEY * this.count) this.#useMap();
    }
    return -1;
  }

  /** Forgets all keys and keeps the memory. */
  clear(): void {
    this.count = 0;
    this.#cost = 0;
    this.#map = undefined;
    this.escaped = false;
    this.#fill(15);
  }

  #slot(hash: number): number {
    return (hash ^ (hash >>> 16)) & this.#mask;
  }

  // The slot of a key that is the same as the last one, or the free one where that belongs.
  #probe(last: number): number {
    const table = this.#table;
    const hash = this.#hashes[last]!;
    let slot = this.#slot(hash);
    for (let index = table[slot]! - 1; index >= 0; index = table[slot]! - 1) {
      if (this.#hashes[index] === hash) {
        if (this.compare(index, last) === 0) return slot;
        this.#cost += this.ends[last]! - this.starts[last]!;
      }
      this.#cost++;
      slot = (slot + 1) & this.#mask;
    }
    return slot;
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

  #useMap(): void {
    this.#map = new Map();
    for (let index = 0; index < this.count; index++) this.#map.set(this.text(index), index);
  }
}
