import { type ByteSink, type ByteSource, Tensor } from "pytree2safetensors";

/** Bytes in which every place can be told from its neighbours. */
export function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Floats that are none of them NaN. */
export function floats(length: number, seed = 1): Float32Array<ArrayBuffer> {
  return Float32Array.from(pattern(length, seed), (byte, i) => byte / 7 - i);
}

/** A model as Python would train it: 12 layers, an embedding larger than what is read at open. */
export function model() {
  return {
    embedding: new Tensor("F32", [512, 96], floats(512 * 96, 3)),
    layers: Array.from({ length: 12 }, (_, i) => ({
      w: new Tensor("F32", [32, 32], floats(1024, i + 10)),
      b: new Tensor(
        "BF16",
        [32],
        Uint16Array.from({ length: 32 }, (_, k) => 0x3f80 + k + i),
      ),
    })),
  };
}

/** A source over bytes that counts what is read of it, and reads as a disk does: into memory of the reader. */
export class CountingSource implements ByteSource {
  readonly name = "counting";
  readonly size: number;
  readonly #bytes: Uint8Array;
  bytesRead = 0;
  reads = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.byteLength;
  }

  async read(start: number, end: number, { into }: { readonly into?: Uint8Array | undefined } = {}) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.bytesRead += end - start;
    this.reads++;
    const bytes = this.#bytes.slice(start, end);
    into?.set(bytes);
    return into ?? bytes;
  }
}

/** A sink that keeps what it is given. */
export class MemorySink implements ByteSink {
  readonly #chunks: Uint8Array[] = [];
  closed = false;
  aborted: unknown;

  write(chunk: Uint8Array) {
    this.#chunks.push(chunk.slice());
  }

  close() {
    this.closed = true;
  }

  abort(reason: unknown) {
    this.aborted = reason;
  }

  get bytes(): Uint8Array {
    return concat(this.#chunks);
  }
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.byteLength;
  }
  return joined;
}
