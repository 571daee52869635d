/** The interfaces of sources, sinks and stores: write your own to read from or write to a place that isn't known here. */
import type { Awaitable } from "../base/types.ts";

/** Options of {@link ByteSource.read}. */
export interface ReadOptions {
  /** Aborts the read: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Memory to read into, exactly `end - start` bytes. The result is then this very view. */
  readonly into?: Uint8Array | undefined;
  /**
   * Called with the number of new bytes as they arrive. A source of your own may ignore it: what it doesn't report is
   * reported when the read is done, so that every read reports `end - start` bytes in all.
   */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/**
 * Where bytes come from: anything with a size whose ranges can be read.
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
  /** What messages call it: a path, a URL. */
  readonly name?: string;
  /** True if `read` returns views of memory that is there anyway, so that nothing is gained by reading neighbours together. */
  readonly resident?: boolean;
  /**
   * True if each `read` without `into` makes memory that nobody else has, so that `into` would cost a copy: as a `Blob`
   * does. Tensors then stay in that memory.
   */
  readonly fresh?: boolean;
  /** How many reads at once make it faster; 4 by default. */
  readonly parallel?: number;
  /** What tells these bytes from those of another version under the same name, such as a strong ETag. */
  readonly version?: string | undefined;
  /** Reads the bytes `[start, end)`: exactly `end - start` of them, or rejects. */
  read(start: number, end: number, options?: ReadOptions): Awaitable<Uint8Array>;
  /** Releases what was opened. */
  close?(): Awaitable<void>;
}

/** Where bytes go to, in order. */
export interface ByteSink {
  /** Called once before the first write, with the number of bytes that will come. */
  begin?(totalBytes: number): Awaitable<void>;
  /** Takes the next bytes. The chunk must not be changed, and must not be kept after the promise resolves. */
  write(chunk: Uint8Array): Awaitable<void>;
  /** Called once after the last write. What was written counts only when this has resolved. */
  close(): Awaitable<void>;
  /** Called in place of `close` when something failed: what was written must vanish. */
  abort?(reason?: unknown): Awaitable<void>;
}

/** Options of {@link Store.source}. */
export interface StoreSourceOptions {
  /** Aborts the opening; each read takes a signal of its own. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Store.sink}. */
export interface StoreSinkOptions {
  /** Aborts the writing; the old content of the key then stays as it was. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to wait until the bytes are on the disk itself, so that they outlive a crash of the machine; true by default. */
  readonly flush?: boolean | undefined;
}

/** Options of {@link Store.list}. */
export interface ListOptions {
  /** Only keys without a `/` after the prefix: the files of one folder, not those of its subfolders. */
  readonly shallow?: boolean | undefined;
  /** Aborts the listing. */
  readonly signal?: AbortSignal | undefined;
}

/** What a store has under a key. */
export interface StoreEntry {
  /** Its place in the store. */
  readonly key: string;
  /** The size in bytes. */
  readonly size: number;
  /** When it was written last, in milliseconds since 1970, if the store knows. */
  readonly modified?: number;
}

/**
 * A place with keys: a folder, an OPFS directory, memory, a server's folder, a bucket. A key is a path inside the store
 * with `/` between its parts, never one that leads out of it.
 */
export interface Store {
  /** What messages call it: a path, a URL. */
  readonly name?: string;
  /** Opens what is under a key. Whoever opens it closes it. */
  source(key: string, options?: StoreSourceOptions): Awaitable<ByteSource>;
  /** Writes under a key: the bytes appear there whole when the sink is closed, or not at all. */
  sink(key: string, options?: StoreSinkOptions): Awaitable<ByteSink>;
  /** The keys that begin with `prefix`; without one, all of them. */
  list(prefix?: string, options?: ListOptions): AsyncIterable<StoreEntry>;
  /** Removes a key, if it is there. */
  remove(key: string): Awaitable<void>;
  /**
   * The keys that begin with `prefix` and are being written, or were when their writer died; `list` doesn't have them.
   * What is known to be dead is removed and left out.
   */
  pending?(prefix?: string): AsyncIterable<StoreEntry>;
  /**
   * Removes what writers that died left below `prefix`: the keys that `pending` has, and the folders without a file,
   * whose keys end in `/`. Only those that are `isOwn`; whoever calls it knows that nobody is writing them.
   */
  sweep?(prefix: string, isOwn: (key: string) => boolean): Awaitable<void>;
}

/** The half of a store that reading needs: programs that only read don't carry the rest. */
export type Folder = Pick<Store, "name" | "source" | "list">;
