/** The interfaces of sources, sinks and stores: write your own to read from or write to a place that isn't known here. */
import type { Awaitable } from "../base/types.ts";

/** Options of {@link ByteSource.read}. */
export interface ReadOptions {
  /** Aborts the read. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Memory to read into, exactly `end - start` bytes. The read must then return this view. */
  readonly into?: Uint8Array | undefined;
  /**
   * Called with the number of new bytes as they arrive. Your own source may ignore it: bytes that it doesn't report are
   * reported when the read is done, so every read reports `end - start` bytes in total.
   */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/**
 * Where bytes come from: anything that has a size and can read a range. Pass your own wherever a path or a URL works.
 *
 * @example
 * ```ts
 * const bytes = await downloadSomehow();
 * const source: ByteSource = {
 *   size: bytes.byteLength,
 *   read: (start, end) => bytes.subarray(start, end),
 * };
 * const params = await loadPytree(source);
 * ```
 */
export interface ByteSource {
  /** The total size in bytes. */
  readonly size: number;
  /** What messages call it: a path, a URL. */
  readonly name?: string;
  /** True if `read` returns views of existing memory, so that reading neighbours together gains nothing. */
  readonly resident?: boolean;
  /**
   * True if each `read` without `into` returns new memory that nobody else has, as a `Blob` does, so that `into` would cost
   * a copy. Tensors then stay in that memory.
   */
  readonly fresh?: boolean;
  /** How many reads to run at once; 4 by default. */
  readonly parallel?: number;
  /** Identifies this version of the bytes among others of the same name, such as a strong ETag. */
  readonly version?: string | undefined;
  /** Reads the bytes `[start, end)`. Returns exactly `end - start` bytes, or rejects. */
  read(start: number, end: number, options?: ReadOptions): Awaitable<Uint8Array>;
  /** Closes the source. */
  close?(): Awaitable<void>;
}

/** Where bytes are written to, in order. */
export interface ByteSink {
  /** Called once before the first write, with the total number of bytes. */
  begin?(totalBytes: number): Awaitable<void>;
  /** Takes the next bytes. The chunk must not be changed, and must not be kept after the promise resolves. */
  write(chunk: Uint8Array): Awaitable<void>;
  /** Called once after the last write. The bytes count as written only when this has resolved. */
  close(): Awaitable<void>;
  /** Called instead of `close` if something failed. Must discard everything that was written. */
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

/** One entry of a store. */
export interface StoreEntry {
  /** The entry's key. */
  readonly key: string;
  /** The size in bytes. */
  readonly size: number;
  /** When it was last written, in milliseconds since 1970, if the store knows. */
  readonly modified?: number;
}

/**
 * A place that holds files by key: a folder, an OPFS directory, memory, a server's folder, a bucket. A key is a relative
 * path with `/` between its parts, and never leads out of the store.
 */
export interface Store {
  /** What messages call it: a path, a URL. */
  readonly name?: string;
  /** Opens the file at a key. The caller closes it. */
  source(key: string, options?: StoreSourceOptions): Awaitable<ByteSource>;
  /** Writes a file at a key. All bytes appear there when the sink is closed, or none do. */
  sink(key: string, options?: StoreSinkOptions): Awaitable<ByteSink>;
  /** Lists the keys that begin with `prefix`, or all keys without one. */
  list(prefix?: string, options?: ListOptions): AsyncIterable<StoreEntry>;
  /** Removes the file at a key, if it exists. */
  remove(key: string): Awaitable<void>;
  /**
   * Lists the keys that begin with `prefix` and are being written, or were when their writer died. `list` leaves them out.
   * Files that are known to be dead are removed instead of listed.
   */
  pending?(prefix?: string): AsyncIterable<StoreEntry>;
  /**
   * Removes what dead writers left below `prefix`: the keys that `pending` lists, and empty folders, whose keys end in `/`.
   * Only keys for which `isOwn` returns true are removed. The caller makes sure that nobody is writing them.
   */
  sweep?(prefix: string, isOwn: (key: string) => boolean): Awaitable<void>;
}

/** The half of a store that reading needs: programs that only read don't carry the rest. */
export type Folder = Pick<Store, "name" | "source" | "list">;
