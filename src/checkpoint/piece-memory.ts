/** Memory of the pieces that are copied from file to file, or go through a cast. */
import type { UnsharedBytes } from "../base/types.ts";

/** Two buffers, given in turn. */
export class MemoryPair {
  readonly #buffers: ArrayBuffer[] = [];
  #turn = 0;

  /** So many bytes, whose last owner was the one before the last. */
  take(bytes: number): UnsharedBytes {
    this.#turn = 1 - this.#turn;
    let buffer = this.#buffers[this.#turn];
    if (buffer === undefined || buffer.byteLength < bytes) {
      buffer = new ArrayBuffer(bytes);
      this.#buffers[this.#turn] = buffer;
    }
    return new Uint8Array(buffer, 0, bytes);
  }
}

/**
 * What is read and what becomes of it, used again for each piece: the page faults of fresh memory would take as long as the
 * cast. While one piece is converted, the next is being read and the one before is being written.
 */
export class PieceMemory {
  readonly reads = new MemoryPair();
  readonly casts = new MemoryPair();
}
