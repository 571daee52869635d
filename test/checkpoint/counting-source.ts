import type { ByteSource } from "../../src/io/types.ts";

/** A source over bytes that counts what is read of it, and that is read as a disk is: into memory of the reader. */
export class CountingSource implements ByteSource {
  readonly name = "counting";
  readonly size: number;
  readonly #bytes: Uint8Array;
  reads: [start: number, end: number][] = [];
  /** How many of the reads were given memory. */
  readsInto = 0;
  closed = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.byteLength;
  }

  get bytesRead(): number {
    return this.reads.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  async read(start: number, end: number, { into, signal }: { into?: Uint8Array; signal?: AbortSignal } = {}) {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    this.reads.push([start, end]);
    const bytes = this.#bytes.slice(start, end);
    if (!into) return bytes;
    this.readsInto++;
    into.set(bytes);
    return into;
  }

  close() {
    this.closed++;
  }
}
