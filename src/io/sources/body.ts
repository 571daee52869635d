/** A body that is read whole: gathered in memory, no further than its bound. */
import type { Pytree2SafetensorsError } from "../../base/errors.ts";
import { allocate, placeError, shortRead } from "../faults.ts";
import type { BodyBound } from "../options.ts";

// A body without a length and without a bound of its own: far more than an index or a small model, less than a machine has.
const MAX_UNBOUNDED = 2 ** 30;
const FIRST_BYTES = 2 ** 16;

/** Gathers the chunks of a body. */
export class Body {
  readonly #name: string;
  readonly #length: number | undefined;
  readonly #bound: BodyBound;
  readonly #status: number | undefined;
  #memory: Uint8Array<ArrayBuffer>;
  #received = 0;
  #limit = 0;

  /**
   * @param length The length that the server announced, if it did.
   * @param bound How far the body may be read; by default its length.
   * @param status The status of the response, for errors.
   */
  constructor(name: string, length: number | undefined, bound: BodyBound | undefined, status?: number) {
    this.#name = name;
    this.#status = status;
    this.#length = length;
    this.#bound = bound ?? (() => length ?? MAX_UNBOUNDED);
    // Memory is the system's until it is touched, so a length that lies costs only addresses.
    this.#memory = allocate(length ?? FIRST_BYTES, name);
  }

  get received(): number {
    return this.#received;
  }

  /** Takes the next chunk. Throws if the body is longer than it should be. */
  push(chunk: Uint8Array): void {
    for (let rest = chunk; rest.byteLength > 0; ) {
      if (this.#received === this.#limit) this.#extend();
      const part = rest.subarray(0, this.#limit - this.#received);
      this.#reserve(this.#received + part.byteLength);
      this.#memory.set(part, this.#received);
      this.#received += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
  }

  /** The whole body, once its last chunk has come. */
  finish(): Uint8Array<ArrayBuffer> {
    const length = this.#length;
    if (length !== undefined && this.#received < length)
      throw shortRead(this.#name, 0, length, this.#received);
    return this.#memory.subarray(0, this.#received);
  }

  #extend(): void {
    const bound = this.#bound(this.#memory.subarray(0, this.#received));
    this.#limit = Math.min(bound, this.#length ?? bound);
    if (this.#limit <= this.#received) throw tooLong(this.#name, this.#received, this.#status);
  }

  // Grows by doubling, and never beyond what may come.
  #reserve(bytes: number): void {
    if (bytes <= this.#memory.byteLength) return;
    const grown = allocate(Math.max(bytes, Math.min(this.#limit, 2 * this.#memory.byteLength)), this.#name);
    grown.set(this.#memory.subarray(0, this.#received));
    this.#memory = grown;
  }
}

/** The error of a body that has more bytes than it should. */
export function tooLong(name: string, expected: number, status?: number): Pytree2SafetensorsError {
  const code = status === undefined ? "IoError" : "HttpError";
  return placeError(code, name, `received more than the expected ${expected} bytes`, {
    expected: `${expected} bytes`,
    found: "more bytes",
    ...(status !== undefined && { status }),
  });
}
