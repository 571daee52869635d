import { type ErrorCode, Pytree2SafetensorsError } from "../base/errors.ts";
import { hashKey, isSpecial, KeySet, KeyStore, mix, stringText } from "./keyset.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;

// The reference reads with serde_json, whose recursion limit lets 127 containers be open at once.
const MAX_OPEN_CONTAINERS = 127;

const U64_END = 1n << 64n;
const U64_DIGITS = 20;

/** The code for a header that is no JSON, or no header's JSON. */
export const HEADER_CODE: ErrorCode = "InvalidHeaderDeserialization";

/**
 * A strict reader of JSON tokens over bytes (RFC 8259, and what serde_json adds to it: a depth limit, no lone
 * surrogates, no number beyond a double). It exists because `JSON.parse` hides what a weights file must not
 * hide, duplicate keys and number spellings, and because it need not build any of the values.
 */
export class JsonCursor {
  readonly bytes: Uint8Array;
  readonly keys: KeyStore;
  pos = 0;
  /** The bytes of the last string read, without quotes. */
  start = 0;
  end = 0;
  /** Its hash as {@link mix} has it; of no use when it was `escaped`. */
  hash = 0;
  escaped = false;
  /** Whether any string so far had a byte above 0x7f. */
  nonAscii = false;
  /** Whether any integer so far was 2^53 or more, so that its double may not be exact. */
  huge = false;
  /** Is told of each key that an object in a skipped value has twice. */
  onDuplicate: (key: string) => void = () => {};

  readonly #view: DataView;
  readonly #sets: KeySet[] = [];

  readonly #code: ErrorCode;

  /** @param code The code of the error that bad JSON throws. */
  constructor(bytes: Uint8Array, code = HEADER_CODE) {
    this.bytes = bytes;
    this.#code = code;
    this.keys = new KeyStore(bytes);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Throws: `expected` is not what is at `pos`. */
  fail(expected: string): never {
    const found = this.pos < this.bytes.length ? this.excerpt(this.pos) : "the end";
    const where = this.#code === HEADER_CODE ? "the header" : "the index";
    throw new Pytree2SafetensorsError(
      this.#code,
      `invalid JSON in ${where} at byte ${this.pos}: expected ${expected}, found ${found}`,
      { expected, found },
    );
  }

  /** The text from `from` on, short enough for a message. */
  excerpt(from: number, to = this.bytes.length): string {
    const text = decodeUtf8(this.bytes, from, Math.min(to, from + 24));
    return `\`${text}\``;
  }

  /** Skips white space and answers the byte that follows, -1 at the end. */
  next(): number {
    const { bytes } = this;
    let p = this.pos;
    let byte = bytes[p];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++p];
    this.pos = p;
    return byte ?? -1;
  }

  /** Skips white space and then `byte`, which must be there. */
  expect(byte: number): void {
    if (this.next() !== byte) this.fail(`\`${String.fromCharCode(byte)}\``);
    this.pos++;
  }

  /** After a member: true if `,` says that another one follows, false at the closing bracket or brace. */
  more(close: number): boolean {
    const byte = this.next();
    if (byte !== COMMA && byte !== close) this.fail(`\`,\` or \`${String.fromCharCode(close)}\``);
    this.pos++;
    return byte === COMMA;
  }

  /** After an opening bracket or brace: whether the container is empty, and then skips its end. */
  empty(close: number): boolean {
    if (this.next() !== close) return false;
    this.pos++;
    return true;
  }

  /** Reads a string, leaving `start`, `end`, `hash` and `escaped`. */
  string(): void {
    const { bytes } = this;
    const view = this.#view;
    if (this.next() !== QUOTE) this.fail("a string");
    const size = bytes.length;
    const start = this.pos + 1;
    let p = start;
    let hash = 0;
    this.escaped = false;
    while (p < size) {
      while (p + 4 <= size) {
        const word = view.getInt32(p, true);
        if (isSpecial(word)) break;
        hash = mix(hash, word);
        p += 4;
      }
      for (const stop = Math.min(p + 4, size); p < stop; ) {
        const byte = bytes[p]!;
        if (byte === QUOTE) {
          this.start = start;
          this.end = p;
          this.hash = hash;
          this.pos = p + 1;
          return;
        }
        if (byte === BACKSLASH) {
          this.escaped = true;
          p = this.#escape(p);
          continue;
        }
        if (byte < 0x20) {
          this.pos = p;
          this.fail("no raw control character in a string");
        }
        if (byte > 0x7f) this.nonAscii = true;
        hash = mix(hash, byte);
        p++;
      }
    }
    this.pos = size;
    this.fail('`"`');
  }

  /** The last string read, decoded. */
  text(): string {
    return stringText(this.bytes, this.start, this.end);
  }

  /** Whether the last string read is `name`, an ASCII one. */
  is(name: string): boolean {
    if (this.escaped) return this.text() === name;
    if (this.end - this.start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      if (this.bytes[this.start + i] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Adds the last string read to `set`; the index of the same key in it, or -1 if it is new. */
  addTo(set: KeySet): number {
    if (!this.escaped) return set.add(this.start, this.end - this.start, this.hash);
    const key = encodeUtf8(this.text());
    return set.add(this.keys.keep(key), key.length, hashKey(new DataView(key.buffer), key.length));
  }

  /**
   * An empty set for the keys of an object inside which `open` containers are open, itself among them. The next
   * such object gets the same set again: a file of tiny objects causes no allocations.
   */
  keySet(open: number): KeySet {
    this.#sets[open] ??= new KeySet(this.keys);
    this.#sets[open].clear();
    return this.#sets[open];
  }

  /**
   * Reads a u64 written as a plain integer. Anything else is left unread, and -1 is the answer: `1.0`, `1e3`,
   * `-0`, 2^64, a string. From 2^53 on the result is the nearest double, and `huge` is set.
   */
  u64(): number {
    const { bytes } = this;
    let p = this.pos;
    let value = 0;
    for (let digit = bytes[p]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[p]! - 0x30) {
      value = value * 10 + digit;
      p++;
    }
    const digits = p - this.pos;
    const after = bytes[p];
    if (digits === 0 || after === 0x2e || after === 0x45 || after === 0x65) return -1;
    if (digits > 1 && bytes[this.pos] === 0x30) return -1;
    if (value >= Number.MAX_SAFE_INTEGER) {
      if (digits > U64_DIGITS || exactInteger(bytes, this.pos) >= U64_END) return -1;
      this.huge = true;
    }
    this.pos = p;
    return value;
  }

  /** Skips a value of any kind, checking all of it. `open` counts the containers that it stands in. */
  skip(open: number): void {
    const byte = this.next();
    if (byte === QUOTE) this.string();
    else if (byte === OPEN_BRACE) this.#skipObject(open + 1);
    else if (byte === OPEN_BRACKET) this.#skipArray(open + 1);
    else if (byte === MINUS || (byte >= 0x30 && byte <= 0x39)) this.#skipNumber();
    else if (!this.literal("null") && !this.literal("true") && !this.literal("false")) this.fail("a value");
  }

  /** Skips `word` if it is at `pos`. */
  literal(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.bytes[this.pos + i] !== word.charCodeAt(i)) return false;
    }
    this.pos += word.length;
    return true;
  }

  #skipArray(open: number): void {
    this.#enter(open);
    if (this.empty(CLOSE_BRACKET)) return;
    do this.skip(open);
    while (this.more(CLOSE_BRACKET));
  }

  #skipObject(open: number): void {
    this.#enter(open);
    if (this.empty(CLOSE_BRACE)) return;
    const set = this.keySet(open);
    do {
      this.string();
      if (this.addTo(set) >= 0) this.onDuplicate(this.text());
      this.expect(COLON);
      this.skip(open);
    } while (this.more(CLOSE_BRACE));
  }

  #enter(open: number): void {
    if (open > MAX_OPEN_CONTAINERS) this.fail(`at most ${MAX_OPEN_CONTAINERS} values nested in each other`);
    this.pos++;
  }

  #skipNumber(): void {
    const { bytes } = this;
    const start = this.pos;
    if (bytes[this.pos] === MINUS) this.pos++;
    if (bytes[this.pos] === 0x30) this.pos++;
    else this.#skipDigits();
    if (bytes[this.pos] === 0x2e) {
      this.pos++;
      this.#skipDigits();
    }
    const exponent = (bytes[this.pos]! | 0x20) === 0x65;
    if (exponent) {
      this.pos++;
      if (bytes[this.pos] === 0x2b || bytes[this.pos] === MINUS) this.pos++;
      this.#skipDigits();
    }
    // Only an exponent or more than 300 digits can leave the range of a double.
    const large = exponent || this.pos - start > 300;
    if (large && !Number.isFinite(Number(decodeUtf8(bytes, start, this.pos)))) {
      this.pos = start;
      this.fail("a number that a double can hold");
    }
  }

  #skipDigits(): void {
    const start = this.pos;
    while (isDigit(this.bytes[this.pos])) this.pos++;
    if (this.pos === start) this.fail("a digit");
  }

  // Checks the escape whose backslash is at `p`; the position after it.
  #escape(p: number): number {
    const { bytes } = this;
    const kind = bytes[p + 1];
    if (kind === 0x75) {
      const unit = this.#hex(p + 2);
      if (unit < 0xd800 || unit > 0xdfff) return p + 6;
      const paired = unit < 0xdc00 && bytes[p + 6] === BACKSLASH && bytes[p + 7] === 0x75;
      const low = paired ? this.#hex(p + 8) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) return p + 12;
      this.pos = p;
      this.fail("no lone surrogate");
    }
    if (kind === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(kind))) {
      this.pos = p;
      this.fail("a valid escape");
    }
    return p + 2;
  }

  #hex(p: number): number {
    let value = 0;
    for (let i = p; i < p + 4; i++) {
      const digit = Number.parseInt(String.fromCharCode(this.bytes[i] ?? 0), 16);
      if (Number.isNaN(digit)) {
        this.pos = i;
        this.fail("four hexadecimal digits");
      }
      value = value * 16 + digit;
    }
    return value;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** The integer whose digits start at `p`, exactly. */
export function exactInteger(bytes: Uint8Array, p: number): bigint {
  let end = p;
  while (isDigit(bytes[end])) end++;
  return BigInt(decodeUtf8(bytes, p, end));
}
