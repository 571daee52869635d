/** Gathers leaves of a few bytes, which would cost more to hand on one by one than to copy. */
import { keepShape } from "../base/keep-shape.ts";
import type { Awaitable } from "../base/types.ts";
import type { ExactSink } from "../io/sinks/guard.ts";

const MEMORY_BYTES = 2 ** 16;

// Node 20 has no longer views.
const VIEW_BYTES = 2 ** 32 - 8;

/** Leaves of up to so many bytes are copied by a loop, which takes no object for each. */
export const SMALL_BYTES = 256;

/** Gathers small leaves for a sink. */
export class SmallLeaves {
  readonly #sink: ExactSink;
  readonly #memory = new Uint8Array(MEMORY_BYTES);
  #filled = 0;
  // The memory of the last leaf: neighbours often share it, as those of a file do.
  #buffer: ArrayBufferLike | undefined;
  #bytes: Uint8Array = this.#memory;
  #shift = 0;

  constructor(sink: ExactSink) {
    this.#sink = sink;
  }

  /** Takes the bytes of a leaf; whether they have to be flushed before the next one comes. */
  add({ buffer, byteOffset, byteLength }: ArrayBufferView): boolean {
    if (buffer !== this.#buffer) this.#view(buffer, byteOffset, byteLength);
    const from = this.#bytes;
    const to = this.#memory;
    const start = byteOffset - this.#shift;
    const filled = this.#filled;
    for (let i = 0; i < byteLength; i++) to[filled + i] = from[start + i]!;
    this.#filled = filled + byteLength;
    return this.#filled > MEMORY_BYTES - SMALL_BYTES;
  }

  #view(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): void {
    const isWhole = buffer.byteLength <= VIEW_BYTES;
    this.#buffer = isWhole ? buffer : undefined;
    this.#shift = isWhole ? 0 : byteOffset;
    this.#bytes = isWhole ? new Uint8Array(buffer) : new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** Hands on what has been gathered, before the next leaf comes. */
  flush(): Awaitable<void> {
    const gathered = this.#memory.subarray(0, this.#filled);
    this.#filled = 0;
    if (gathered.byteLength > 0) return this.#sink.write(gathered);
  }
}

keepShape(new SmallLeaves({} as ExactSink));
