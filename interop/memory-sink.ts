import type { ByteSink } from "../src/io/types.ts";

/** A sink that keeps what it is given, for saving into memory. */
export class MemorySink implements ByteSink {
  readonly #chunks: Uint8Array[] = [];

  write(chunk: Uint8Array): void {
    this.#chunks.push(chunk.slice());
  }

  close(): void {}

  /** All bytes written so far. */
  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}
