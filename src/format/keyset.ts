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

/** The hash that `JsonCursor.string` computes while it reads a key without escapes. */
export function hashKey(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length;
  let hash = 0;
  for (let p = 0; p < size; ) {
    const word = p + 4 <= size ? view.getInt32(p, true) : 0;
    if (isSpecial(word)) for (const stop = Math.min(p + 4, size); p < stop; p++) hash = mix(hash, bytes[p]!);
    else {
      hash = mix(hash, word);
      p += 4;
    }
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

  /** The key at `start`. */
  text(start: number, size: number): string {
    return decodeUtf8(this.bytes(start, size));
  }

  bytes(start: number, size: number): Uint8Array {
    const header = this.#header.length;
    const [bytes, from] = start < header ? [this.#header, start] : [this.#decoded, start - header];
    return bytes.subarray(from, from + size);
  }
}

/** The text of the JSON string between the quotes at `[start, end)`, which has been checked. */
export function stringText(bytes: Uint8Array, start: number, end: number): string {
  const text = decodeUtf8(bytes, start, end);
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}

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
    const known = this.#map ? (this.#map.get(this.#store.text(start, size)) ?? -1) : this.#table[slot]! - 1;
    if (known >= 0) return known;
    const index = this.count++;
    if (index === this.#starts.length) this.#grow();
    this.#starts[index] = start;
    this.#sizes[index] = size;
    this.#hashes[index] = hash;
    if (this.#map) this.#map.set(this.text(index), index);
    else {
      this.#table[slot] = index + 1;
      if (this.count * 2 > this.#mask) this.#rehash();
      if (this.#cost > 1024 + 16 * this.count) this.#useMap();
    }
    return -1;
  }

  /** The number of the key that reads `key`, or -1. */
  find(key: string): number {
    if (this.#map) return this.#map.get(key) ?? -1;
    const bytes = encodeUtf8(key);
    const hash = hashKey(bytes);
    for (let slot = this.#slot(hash); ; slot = (slot + 1) & this.#mask) {
      const index = this.#table[slot]! - 1;
      if (index < 0) return -1;
      if (this.#hashes[index] === hash && this.text(index) === key) return index;
    }
  }

  /** The text of key number `index`. */
  text(index: number): string {
    return this.#store.text(this.#starts[index]!, this.#sizes[index]!);
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
    let slot = this.#slot(hash);
    for (let index = table[slot]! - 1; index >= 0; index = table[slot]! - 1) {
      if (this.#hashes[index] === hash && this.#sizes[index] === size) {
        if (this.#same(this.#starts[index]!, start, size)) return slot;
        this.#cost += size;
      }
      this.#cost++;
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  #same(a: number, b: number, size: number): boolean {
    const left = this.#store.bytes(a, size);
    const right = this.#store.bytes(b, size);
    for (let i = 0; i < size; i++) if (left[i] !== right[i]) return false;
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

function enlarged<T extends Uint32Array | Int32Array>(array: T, type: new (size: number) => T): T {
  const larger = new type(array.length * 2);
  larger.set(array);
  return larger;
}
