// A strict reader of JSON over bytes.
import { type ErrorCode, Pytree2SafetensorsError } from "../../base/errors.ts";
import { isWellFormed } from "../../base/utf8.ts";
import { decodeUtf8 } from "../utf8.ts";
import type { KeyList } from "./key-list.ts";
import { isSpecial, KeySet, mix } from "./keyset.ts";

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const BACKSLASH = 0x5c;

// The reference reads with serde_json, whose recursion limit lets 127 containers be open at once.
const MAX_OPEN_CONTAINERS = 127;

const U64_MAX = "18446744073709551615";

/** The code for a header that is not JSON, or whose JSON is not a header. */
export const HEADER_CODE: ErrorCode = "InvalidHeaderDeserialization";

/**
 * A strict reader of JSON tokens over bytes (RFC 8259, and what serde_json adds to it: a depth limit, no lone
 * surrogates, no number beyond a double). It exists because `JSON.parse` hides what a weights file must not
 * hide, duplicate keys and number spellings, and because it need not build any of the values.
 */
export class JsonCursor {
  readonly bytes: Uint8Array;
  pos = 0;
  /** The bytes of the last string read, without quotes. */
  start = 0;
  end = 0;
  /** Its hash; of no use when it had escapes. */
  hash = 0;
  /** What it reads as, if it had escapes. */
  unescaped: string | undefined;
  /** Whether any string so far had a byte above 0x7f. */
  nonAscii = false;
  /** Whether any integer so far was 2^53 - 1 or more, so that its double may not be exact. */
  huge = false;
  /** Is told of each key that an object has twice. */
  onDuplicate: (key: string) => void = () => {};
  readonly #view: DataView;
  readonly #sets: KeySet[] = [];
  readonly #code: ErrorCode;

  /** @param code The code of the error that bad JSON throws. */
  constructor(bytes: Uint8Array, code = HEADER_CODE) {
    this.bytes = bytes;
    this.#code = code;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Throws: `expected` is not what is at `pos`. */
  fail(expected: string): never {
    const found = this.pos < this.bytes.length ? this.excerpt(this.pos) : "the end";
    const message = `invalid JSON at byte ${this.pos}: expected ${expected}, found ${found}`;
    throw new Pytree2SafetensorsError(this.#code, message, { expected, found });
  }

  /** The text from `from` on, short enough for a message. */
  excerpt(from: number, to = this.bytes.length): string {
    return `\`${decodeUtf8(this.bytes, from, Math.min(to, from + 24))}\``;
  }

  /** Skips white space and answers the byte that follows, -1 at the end. */
  next(): number {
    const { bytes } = this;
    let byte = bytes[this.pos];
    // Usually there is none.
    while (byte !== undefined && byte <= 0x20) {
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      byte = bytes[++this.pos];
    }
    return byte ?? -1;
  }

  /** Skips white space and then `byte`, which must be there. */
  expect(byte: number): void {
    if (this.next() !== byte) this.fail(`\`${String.fromCharCode(byte)}\``);
    this.pos++;
  }

  /** Skips white space and then `byte` if it is there, and says whether it was. */
  skipIf(byte: number): boolean {
    const found = this.next() === byte;
    if (found) this.pos++;
    return found;
  }

  /** After a member: whether a comma says that another one follows. Else `close` must, and is skipped. */
  more(close: number): boolean {
    const byte = this.next();
    if (byte !== COMMA && byte !== close) this.fail(`\`${String.fromCharCode(close)}\``);
    this.pos++;
    return byte === COMMA;
  }

  /** Reads a string, leaving `start`, `end`, `hash` and `unescaped`. */
  string(): void {
    const { bytes } = this;
    const view = this.#view;
    const size = bytes.length;
    this.expect(QUOTE);
    let p = this.pos;
    let hash = 0;
    let escaped = false;
    this.start = p;
    while (p < size) {
      while (p + 4 <= size) {
        const word = view.getInt32(p, true);
        if (isSpecial(word)) break;
        hash = mix(hash, word);
        p += 4;
      }
      for (const stop = Math.min(p + 4, size); p < stop; p++) {
        const byte = bytes[p]!;
        if (byte === QUOTE) {
          this.end = p;
          this.hash = hash;
          this.unescaped = escaped ? this.#unescape() : undefined;
          this.pos = p + 1;
          return;
        }
        if (byte < 0x20) {
          this.pos = p;
          this.fail("no raw control character in a string");
        }
        if (byte === BACKSLASH) {
          escaped = true;
          p++;
        }
        if (byte > 0x7f) this.nonAscii = true;
        hash = mix(hash, byte);
      }
    }
    this.pos = size;
    this.fail('`"`');
  }

  /** The last string read, decoded. */
  text(): string {
    return this.unescaped ?? decodeUtf8(this.bytes, this.start, this.end);
  }

  /** Whether the last string read is `name`, an ASCII one. */
  is(name: string): boolean {
    if (this.unescaped !== undefined) return this.unescaped === name;
    if (this.end - this.start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      if (this.bytes[this.start + i] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Adds the last string read to `set`; whether it was in there already. */
  isIn(set: KeyList): boolean {
    return set.add(this.start, this.end, this.hash, this.unescaped);
  }

  /**
   * An empty set for the keys of an object inside which `open` containers are open, itself among them. The next
   * such object gets the same set again: a file of tiny objects causes no allocations.
   */
  keySet(open: number): KeySet {
    this.#sets[open] ??= new KeySet(this.bytes);
    this.#sets[open].clear();
    return this.#sets[open];
  }

  /**
   * Reads a u64 written as a plain integer. Anything else is left unread, and -1 is the answer: `1.0`, `1e3`,
   * `-0`, 2^64, a string. From 2^53 on the result is only near, and `huge` is set.
   */
  u64(): number {
    const { bytes } = this;
    const start = this.pos;
    let p = start;
    let value = 0;
    for (let digit = bytes[p]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[p]! - 0x30) {
      value = value * 10 + digit;
      p++;
    }
    const digits = p - start;
    if (digits === 0 || (digits > 1 && bytes[start] === 0x30) || isWord(bytes[p])) return -1;
    if (value >= Number.MAX_SAFE_INTEGER) {
      // Without leading zeros the longer is the larger; of one length, digits compare as texts do.
      if (digits > 20 || (digits === 20 && decodeUtf8(bytes, start, p) > U64_MAX)) return -1;
      this.huge = true;
    }
    this.pos = p;
    return value;
  }

  /** Skips a value of any kind, checking all of it. `open` counts the containers around it. */
  skip(open: number): void {
    const byte = this.next();
    if (byte === QUOTE) this.string();
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.container(open + 1, () => this.skip(open + 1));
    } else if (this.u64() < 0) this.#skipWord();
  }

  /**
   * Reads the object or array at `pos`, `readValue` each value. `onDuplicate` is told of keys that are there twice.
   *
   * @param open How many containers are open in it, itself among them.
   */
  container(open: number, readValue: () => void): void {
    if (open > MAX_OPEN_CONTAINERS) this.fail(`at most ${MAX_OPEN_CONTAINERS} nested values`);
    const byte = this.bytes[this.pos++]!;
    const close = byte + 2; // `]` and `}` come two behind their partners
    const keys = byte === OPEN_BRACE ? this.keySet(open) : undefined;
    if (this.skipIf(close)) return;
    do {
      if (keys) {
        this.string();
        if (this.isIn(keys)) this.onDuplicate(this.text());
        this.expect(COLON);
      }
      readValue();
    } while (this.more(close));
  }

  // A number, `true`, `false` or `null`: here `JSON.parse` hides nothing.
  #skipWord(): void {
    const { bytes, pos } = this;
    let end = pos;
    while (isWord(bytes[end])) end++;
    const value = parsed(decodeUtf8(bytes, pos, end));
    if (value === undefined) this.fail("a value");
    if (typeof value === "number" && !Number.isFinite(value)) this.fail("a number within a double's range");
    this.pos = end;
  }

  #unescape(): string {
    const text = parsed(`"${decodeUtf8(this.bytes, this.start, this.end)}"`);
    if (typeof text === "string" && isWellFormed(text)) return text;
    this.pos = this.start - 1;
    this.fail("valid escapes and no lone surrogates");
  }
}

// Letters, digits, and what numbers are written with.
function isWord(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const letter = byte | 0x20;
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (letter >= 0x61 && letter <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
