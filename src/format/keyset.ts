import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

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

/** The hash that `JsonCursor.string` computes while it reads a key, of a key of `size` decoded bytes. */
export function hashKey(view: DataView, size: number): number {
  let hash = 0;
  for (let p = 0; p < size; ) {
    const word = p + 4 <= size ? view.getInt32(p, true) : 0;
    if (!isSpecial(word)) {
      hash = mix(hash, word);
      p += 4;
      continue;
    }
    for (const stop = Math.min(p + 4, size); p < stop; p++) hash = mix(hash, view.getUint8(p));
  }
  return hash;
}

/**
 * Where the bytes of keys stand: in the header, or, for keys that were written with escapes, decoded in a buffer
 * of their own counted on from the header's end. So every key is a range of bytes to compare.
 */
export class KeyStore {
  readonly #header: Uint8Array;
  #decoded = new Uint8Array(0);
  #used = 0;

  constructor(header: Uint8Array) {
    this.#header = header;
  }

  /** Keeps a copy of `bytes`; where it starts. */
  keep(bytes: Uint8Array): number {
    const end = this.#used + bytes.length;
    if (end > this.#decoded.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#decoded);
      this.#decoded = larger;
    }
    this.#decoded.set(bytes, this.#used);
    const start = this.#header.length + this.#used;
    this.#used = end;
    return start;
  }

  /** The array that holds the key at `start`, whose bytes begin there at {@link offset}. */
  holder(start: number): Uint8Array {
    return start < this.#header.length ? this.#header : this.#decoded;
  }

  offset(start: number): number {
    return start < this.#header.length ? start : start - this.#header.length;
  }
}

/** The text of the JSON string between the quotes at `[start, end)`, which has been checked. */
export function stringText(bytes: Uint8Array, start: number, end: number): string {
  const text = decodeUtf8(bytes, start, end);
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}

// Honest keys cost about half a step each; these allow a lot of bad luck before the Map takes over.
const MIN_COST = 1024;
const COST_PER_KEY = 16;

/**
 * A set of keys that are ranges of bytes, numbered as they came: finds the key written twice without making
 * strings of them. Keys crafted to collide can't slow it down: when probing has cost more than honest keys
 * would, a Map of the decoded strings takes over.
 */
export class KeySet {
  count = 0;
  readonly #store: KeyStore;
  #starts = new Uint32Array(8);
  #sizes = new Uint32Array(8);
  #hashes = new Int32Array(8);
  // Open addressing: at each slot the number of a key plus one, or 0.
  #table = new Int32Array(16);
  #mask = 15;
  #cost = 0;
  #map: Map<string, number> | undefined;

  constructor(store: KeyStore) {
    this.#store = store;
  }

  /** Adds the key at `[start, start + size)` with its {@link hashKey}; the number it already has, or -1 if it is new. */
  add(start: number, size: number, hash: number): number {
    const slot = this.#map ? -1 : this.#probe(start, size, hash);
    const known = this.#map ? -1 : this.#table[slot]! - 1;
    if (known >= 0) return known;
    const index = this.count++;
    if (index === this.#starts.length) this.#grow();
    this.#starts[index] = start;
    this.#sizes[index] = size;
    this.#hashes[index] = hash;
    if (this.#map) {
      const first = this.#map.get(this.text(index));
      if (first === undefined) this.#map.set(this.text(index), index);
      else this.count--;
      return first ?? -1;
    }
    this.#table[slot] = index + 1;
    if (this.count * 2 > this.#mask) this.#rehash();
    if (this.#cost > MIN_COST + COST_PER_KEY * this.count) this.#useMap();
    return -1;
  }

  /** The number of the key that reads `key`, or -1. */
  find(key: string): number {
    if (this.#map) return this.#map.get(key) ?? -1;
    const bytes = asciiBytes(key) ?? encodeUtf8(key);
    const size = bytes === scratch ? key.length : bytes.length;
    const hash = hashKey(bytes === scratch ? scratchView : viewOf(bytes), size);
    for (let slot = this.#slot(hash); ; slot = (slot + 1) & this.#mask) {
      const index = this.#table[slot]! - 1;
      if (index < 0 || (this.#hashes[index] === hash && this.#equals(index, bytes, 0, size))) return index;
    }
  }

  /** The text of key number `index`. */
  text(index: number): string {
    const start = this.#starts[index]!;
    const from = this.#store.offset(start);
    return decodeUtf8(this.#store.holder(start), from, from + this.#sizes[index]!);
  }

  /** Forgets all keys and keeps the memory. */
  clear(): void {
    this.count = 0;
    this.#mask = 15;
    this.#table.fill(0, 0, 16);
    this.#cost = 0;
    this.#map = undefined;
  }

  /** Numbers the keys anew: number `i` is the one that `order[i]` was. */
  reorder(order: Uint32Array): void {
    this.#starts = order.map((i) => this.#starts[i]!);
    this.#sizes = order.map((i) => this.#sizes[i]!);
    this.#hashes = Int32Array.from(order, (i) => this.#hashes[i]!);
    if (this.#map) this.#useMap();
    else this.#fill();
  }

  #slot(hash: number): number {
    return (hash ^ (hash >>> 16)) & this.#mask;
  }

  // The slot of the key, or the free one where it belongs.
  #probe(start: number, size: number, hash: number): number {
    const table = this.#table;
    const bytes = this.#store.holder(start);
    const from = this.#store.offset(start);
    let slot = this.#slot(hash);
    for (let index = table[slot]! - 1; index >= 0; index = table[slot]! - 1) {
      if (this.#hashes[index] === hash) {
        if (this.#equals(index, bytes, from, size)) return slot;
        this.#cost += size;
      }
      this.#cost++;
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  #equals(index: number, bytes: Uint8Array, from: number, size: number): boolean {
    if (this.#sizes[index] !== size) return false;
    const own = this.#store.holder(this.#starts[index]!);
    const at = this.#store.offset(this.#starts[index]!);
    for (let i = 0; i < size; i++) if (own[at + i] !== bytes[from + i]) return false;
    return true;
  }

  #grow(): void {
    this.#starts = enlarged(this.#starts, Uint32Array);
    this.#sizes = enlarged(this.#sizes, Uint32Array);
    this.#hashes = enlarged(this.#hashes, Int32Array);
  }

  #rehash(): void {
    const size = (this.#mask + 1) * 4;
    if (size > this.#table.length) this.#table = new Int32Array(size);
    this.#mask = size - 1;
    this.#fill();
  }

  #fill(): void {
    const table = this.#table.fill(0, 0, this.#mask + 1);
    for (let index = 0; index < this.count; index++) {
      let slot = this.#slot(this.#hashes[index]!);
      while (table[slot] !== 0) slot = (slot + 1) & this.#mask;
      table[slot] = index + 1;
    }
  }

  #useMap(): void {
    this.#map = new Map();
    for (let index = 0; index < this.count; index++) this.#map.set(this.text(index), index);
  }
}

// Names that are looked up are nearly all short and ASCII: their bytes go here without an encoder's help.
const scratch = new Uint8Array(128);
const scratchView = viewOf(scratch);

function asciiBytes(text: string): Uint8Array | undefined {
  if (text.length > scratch.length) return undefined;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return undefined;
    scratch[i] = unit;
  }
  return scratch;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function enlarged<T extends Uint32Array | Int32Array>(array: T, type: new (size: number) => T): T {
  const larger = new type(array.length * 2);
  larger.set(array);
  return larger;
}
