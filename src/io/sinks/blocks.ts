/** Writes of any size, made into blocks worth a call. */
import type { Awaitable } from "../../base/types.ts";

const BLOCK = 2 ** 20;

/** How blocks are made. */
export interface BlockOptions {
  /** Whether every block must be fresh memory, for a receiver that keeps or detaches it. */
  readonly copy?: boolean;
  /** The most bytes of a block that isn't copied. */
  readonly maxBytes?: number;
}

/**
 * Turns writes of any size into blocks worth a call: small ones are gathered into one, large ones go through
 * without a copy, in bounded pieces.
 */
export class Blocks {
  readonly #emit: (block: Uint8Array<ArrayBuffer>) => Promise<void>;
  readonly #copy: boolean;
  readonly #max: number;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #spare: Uint8Array<ArrayBuffer> | undefined;
  #sending: Promise<void> | undefined;

  /** @param emit Writes a block whole before it resolves. */
  constructor(
    emit: (block: Uint8Array<ArrayBuffer>) => Promise<void>,
    { copy = false, maxBytes = BLOCK }: BlockOptions,
  ) {
    this.#emit = emit;
    this.#copy = copy;
    this.#max = maxBytes;
  }

  /** Takes a chunk; a promise only where a block is emitted for it. */
  write(chunk: Uint8Array): Awaitable<void> {
    if (chunk.byteLength < BLOCK - this.#filled) {
      this.#buffer ??= new Uint8Array(BLOCK);
      this.#buffer.set(chunk, this.#filled);
      this.#filled += chunk.byteLength;
      return;
    }
    return this.#copy || chunk.byteLength < BLOCK ? this.#gather(chunk) : this.#pass(chunk);
  }

  async #pass(chunk: Uint8Array): Promise<void> {
    await this.flush();
    for (let at = 0; at < chunk.byteLength; at += this.#max) {
      await this.#emit(unshared(chunk.subarray(at, at + this.#max)));
    }
  }

  async #gather(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; ) {
      this.#buffer ??= new Uint8Array(BLOCK);
      const part = chunk.subarray(at, at + BLOCK - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      if (this.#filled === BLOCK) await this.#send();
    }
  }

  /** Emits what is gathered, and waits for all that is being emitted. */
  async flush(): Promise<void> {
    await this.#send();
    await this.#sending;
  }

  // The next block is gathered while this one is written, so that the copying is hidden behind the write: saving
  // tensors of 100 kB took half as long again without.
  async #send(): Promise<void> {
    await this.#sending;
    const full = this.#buffer;
    if (full === undefined || this.#filled === 0) return;
    this.#sending = this.#emit(full.subarray(0, this.#filled));
    this.#sending.catch(() => {}); // whoever waits for it next is told
    this.#filled = 0;
    this.#buffer = this.#copy ? undefined : this.#spare;
    this.#spare = full;
  }
}

/** The same bytes; a copy of shared memory, which most platform calls refuse. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isShared = typeof SharedArrayBuffer === "function" && bytes.buffer instanceof SharedArrayBuffer;
  return isShared ? new Uint8Array(bytes) : (bytes as Uint8Array<ArrayBuffer>);
}
