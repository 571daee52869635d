// Writes the JSON of a header.
import { keepShape } from "../../base/keep-shape.ts";
import { encodeUtf8 } from "../utf8.ts";

/** Writes JSON text into bytes that grow as needed, spelled as serde_json does. */
export class JsonWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  /** Writes `bytes` unchanged. */
  raw(bytes: Uint8Array): void {
    const target = this.#room(bytes.length);
    // For so few bytes a loop is faster than `set`.
    for (let i = 0; i < bytes.length; i++) target[this.#length++] = bytes[i]!;
  }

  /** Writes a well-formed string: quotes around it, and the escapes that JSON demands, no others. */
  string(text: string): void {
    const size = text.length + 2;
    const target = this.#room(size);
    const start = this.#length + 1;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) {
        this.raw(encodeUtf8(JSON.stringify(text)));
        return;
      }
      target[start + i] = unit;
    }
    target[start - 1] = 0x22;
    target[start + text.length] = 0x22;
    this.#length += size;
  }

  /** Writes a non-negative safe integer. */
  integer(value: number): void {
    const target = this.#room(16);
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    let rest = value;
    // Doubles divide slowly; what fits 32 bits need not.
    let at = this.#length + digits;
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 10)) target[--at] = 0x30 + (rest % 10);
    for (let small = rest | 0; at > this.#length; small = (small / 10) | 0)
      target[--at] = 0x30 + (small % 10);
    this.#length += digits;
  }

  /** What has been written, after `before` zero bytes and padded with spaces to `size`. */
  finish(before: number, size: number): Uint8Array {
    const result = new Uint8Array(before + size).fill(0x20, before + this.#length);
    result.set(this.#bytes.subarray(0, this.#length), before);
    return result;
  }

  #room(count: number): Uint8Array {
    const needed = this.#length + count;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

keepShape(new JsonWriter(0));
