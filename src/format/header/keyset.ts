// The set of keys in which the reader looks for keys that are written twice.
import { decodeUtf8 } from "../utf8.ts";

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

/** The text of a JSON string that has been checked, from between its quotes. */
export function stringText(bytes: Uint8Array, start: number, end: number): string {
  const text = decodeUtf8(bytes, start, end);
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}

// Honest keys cost about half a step each; these allow a lot of bad luck before the Map takes over.
const MIN_COST = 1024;
const COST_PER_KEY = 16;

/**
 * A set of keys that are ranges of bytes, numbered as they came: finds the key that is written twice without
 * making strings of them. A Map of the decoded strings takes over for keys with escapes, and for keys crafted to
 * collide, when probing has cost more than honest keys would.
 */
export class KeySet {
  count = 0;
  /** Where each key starts and ends, by number. */
  starts: Uint32Array;
  ends: Uint32Array;
  readonly #bytes: Uint8Array;
  #hashes: Int32Array;
  // Open addressing: at each slot the number of a key plus one, or 0.
  #table: Int32Array;
  #mask: number;
  #cost = 0;
  #map: Map<string, number> | undefined;

  /** @param capacity Room for so many keys at first. */
  constructor(bytes: Uint8Array, capacity = 8) {
    this.#bytes = bytes;
    this.starts = new Uint32Array(capacity);
    this.ends = new Uint32Array(capacity);
    this.#hashes = new Int32Array(capacity);
    this.#mask = 2 ** Math.ceil(Math.log2(2 * capacity)) - 1;
    this.#table = new Int32Array(this.#mask + 1);
  }

  /**
   * Adds the key `[start, end)`; the number that it already has, or -1 if it is new.
   *
   * @param unescaped What the key reads as, if it has escapes.
   */
  add(start: number, end: number, hash: number, unescaped: string | undefined): number {
    if (unescaped !== undefined && !this.#map) this.#useMap();
    const slot = this.#map ? -1 : this.#probe(start, end, hash);
    const key = this.#map ? (unescaped ?? decodeUtf8(this.#bytes, start, end)) : "";
    const known = this.#map ? this.#map.get(key) : this.#table[slot]! - 1;
    if (known !== undefined && known >= 0) return known;
    const index = this.count++;
    if (index === this.starts.length) this.#grow();
    this.starts[index] = start;
    this.ends[index] = end;
    this.#hashes[index] = hash;
    if (this.#map) this.#map.set(key, index);
    else {
      this.#table[slot] = index + 1;
      if (this.count * 2 > this.#mask) this.#fill(this.#mask * 4 + 3);
      if (this.#cost > MIN_COST + COST_PER_KEY * this.count) this.#useMap();
    }
    return -1;
  }

  /** The text of key number `index`. */
  text(index: number): string {
    return stringText(this.#bytes, this.starts[index]!, this.ends[index]!);
  }

  /** Forgets all keys and keeps the memory. */
  clear(): void {
    this.count = 0;
    this.#cost = 0;
    this.#map = undefined;
    this.#fill(15);
  }

  #slot(hash: number): number {
    return (hash ^ (hash >>> 16)) & this.#mask;
  }

  // The slot of the key, or the free one where it belongs.
  #probe(start: number, end: number, hash: number): number {
    const table = this.#table;
    let slot = this.#slot(hash);
    for (let index = table[slot]! - 1; index >= 0; index = table[slot]! - 1) {
      if (this.#hashes[index] === hash) {
        if (this.#equals(index, start, end)) return slot;
        this.#cost += end - start;
      }
      this.#cost++;
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  #equals(index: number, start: number, end: number): boolean {
    const offset = this.starts[index]! - start;
    if (this.ends[index]! - end !== offset) return false;
    for (let i = start; i < end; i++) if (this.#bytes[i] !== this.#bytes[i + offset]) return false;
    return true;
  }

  #grow(): void {
    const [starts, ends, hashes] = [this.starts, this.ends, this.#hashes];
    this.starts = new Uint32Array(starts.length * 2);
    this.ends = new Uint32Array(starts.length * 2);
    this.#hashes = new Int32Array(starts.length * 2);
    this.starts.set(starts);
    this.ends.set(ends);
    this.#hashes.set(hashes);
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
