import type { Awaitable } from "../base/types.ts";

/** Options of {@link ByteSource.read}. */
export interface ReadOptions {
  /** Aborts the read: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Memory to read into, exactly `end - start` bytes; the result is then this very view. */
  readonly into?: Uint8Array | undefined;
}

/**
 * Where bytes come from: anything with a size whose ranges can be read. Write your own to read from a
 * place that this package does not know.
 *
 * @example
 * ```ts
 * const source: ByteSource = {
 *   size: bytes.byteLength,
 *   read: (start, end) => bytes.subarray(start, end),
 * };
 * ```
 */
export interface ByteSource {
  /** The whole size in bytes. */
  readonly size: number;
  /** What to call it in messages: a path, a URL. */
  readonly name?: string;
  /**
   * True where `read` returns views of memory that is there anyway, so that nothing is gained by reading
   * neighbours together.
   */
  readonly resident?: boolean;
  /** How many reads at once make it faster; 4 unless told. */
  readonly parallel?: number;
  /** Reads the bytes `[start, end)`: exactly `end - start` of them, or rejects. */
  read(start: number, end: number, options?: ReadOptions): Awaitable<Uint8Array>;
  /** Lets go of what was opened. */
  close?(): Awaitable<void>;
}

/** Where bytes go to, in order. */
export interface ByteSink {
  /** Called once before the first write, with the number of bytes that will come. */
  begin?(totalBytes: number): Awaitable<void>;
  /**
   * Takes the next bytes. The chunk is not to be changed, and not to be kept after the promise resolves unless it
   * `stays`: then it is as it is until the sink is closed or aborted, and may be written with others.
   */
  write(chunk: Uint8Array, stays?: boolean): Awaitable<void>;
  /** Called once after the last write; what was written counts only when this has resolved. */
  close(): Awaitable<void>;
  /** Called instead of `close` when something failed: what was written is to vanish. */
  abort?(reason?: unknown): Awaitable<void>;
}
