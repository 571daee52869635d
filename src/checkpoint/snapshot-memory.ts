/** The memory that snapshots copy into: large blocks, used again by a program that saves again and again. */
import { arrayClass, type Dtype, type DtypeArray } from "../tensor/dtypes.ts";

// Each block is twice as large as the one before, so that a small tree takes little and a large one few.
const FIRST_BLOCK = 2 ** 20;
const LARGEST_BLOCK = 64 * 2 ** 20;
// The widest element.
const ALIGNMENT = 8;

/** Copies arrays, and may forget all copies at once. */
export class SnapshotMemory {
  readonly #release: ((memory: SnapshotMemory) => void) | undefined;
  #blocks: ArrayBuffer[] = [];
  #block = 0;
  #used = 0;

  /** @param release Takes the memory back once its copies are not needed any more. */
  constructor(release?: (memory: SnapshotMemory) => void) {
    this.#release = release;
  }

  /** A copy of an array, by the plain class of its elements: a subclass may copy less, as Node's `Buffer.slice` does. */
  copyOf<D extends Dtype>(
    dtype: D,
    { buffer, byteOffset, byteLength, length }: DtypeArray<D>,
  ): DtypeArray<D> {
    const TypedArray = arrayClass(dtype);
    const offset = this.#take(byteLength);
    const copy = new TypedArray(this.#blocks[this.#block]!, offset, length);
    copy.set(new TypedArray(buffer, byteOffset, length) as never);
    return copy;
  }

  /** Says that the copies are not needed any more: their memory may be overwritten. */
  release(): void {
    // What this snapshot had no use for, the next won't need either.
    this.#blocks.length = Math.min(this.#blocks.length, this.#block + 1);
    this.#block = this.#used = 0;
    this.#release?.(this);
  }

  /** The offset in the current block of so many free bytes. */
  #take(bytes: number): number {
    const blocks = this.#blocks;
    while (this.#block < blocks.length && this.#used + bytes > blocks[this.#block]!.byteLength) {
      this.#block++;
      this.#used = 0;
    }
    if (this.#block === blocks.length) {
      const size = Math.min(LARGEST_BLOCK, 2 * (blocks.at(-1)?.byteLength ?? FIRST_BLOCK / 2));
      blocks.push(new ArrayBuffer(Math.max(bytes, size)));
    }
    const offset = this.#used;
    this.#used += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return offset;
  }
}

/** Memory for the snapshot that options ask for. */
export function snapshotOf(options: { readonly snapshot?: boolean } | undefined): SnapshotMemory | undefined {
  return options?.snapshot ? new SnapshotMemory() : undefined;
}

/** Keeps the memory of a snapshot that is not needed any more for the next one. */
export class SnapshotPool {
  #spare: SnapshotMemory | undefined;

  /** Memory for a snapshot, which comes back here when it is released. */
  take(): SnapshotMemory {
    const memory =
      this.#spare ??
      new SnapshotMemory((released) => {
        this.#spare = released;
      });
    this.#spare = undefined;
    return memory;
  }
}
