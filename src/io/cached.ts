/** A source that keeps what it has read in a store, for the next time and for other processes. */
import { invalidArgument, requireOptions } from "../base/arguments.ts";
import { abortable } from "./abort.ts";
import { hex, sha256 } from "./digest.ts";
import { isUrl } from "./duck-types.ts";
import { allocate } from "./faults.ts";
import { Limiter } from "./limiter.ts";
import { openSource, openSourceIn, type SourceInput } from "./open-source.ts";
import { openStore, type StoreInput } from "./open-store.ts";
import type { SourceOptions } from "./options.ts";
import { runAll } from "./run-all.ts";
import type { ByteSource, Store } from "./types.ts";

/** Options of {@link cached}. */
export interface CachedOptions extends SourceOptions {
  /**
   * The name of the file in the cache; its URL by default. Required for sources without an address, and for URLs that are
   * signed anew each time. Two different files must never share both name and version.
   */
  readonly key?: string | undefined;
}

// Large enough that a request for one costs little more than its bytes, small enough that little is fetched twice.
const BLOCK_BYTES = 2 ** 20;
// What is fetched but not stored yet is lost when the process is killed: 4 MiB at most.
const MAX_AT_ONCE = 4;
const DIGEST_BYTES = 32;
// Tensors that are read one by one lie in the same few blocks.
const MAX_RECENT = 4;
const NAME = /^[0-9a-f]{32}-\d+\.block$/;

/**
 * Opens a source that keeps the blocks it reads in a store. Later reads, also by other programs or after a crash, take
 * them from there. A killed download loses at most 4 MiB. Blocks are stored under the file's name and version, so a file
 * that has changed is downloaded again. A source without a version (no strong ETag, and no modification date at least a
 * minute old) is not cached.
 *
 * A cache that is damaged or can't be written to never makes a read fail.
 *
 * @throws Errors of opening the source, such as `UnsupportedSource`, `IoError` or `HttpError`.
 * @example
 * ```ts
 * const source = await cached("https://example.com/model.safetensors", "cache");
 * const params = await loadPytree(source);
 * await trimCache("cache", 10e9);
 * ```
 */
export async function cached(
  source: SourceInput,
  store: StoreInput,
  options: CachedOptions = {},
): Promise<ByteSource> {
  const address = typeof source === "string" || isUrl(source) ? String(source) : undefined;
  const key = nameInCache(options, address);
  const [place, { source: inner }] = await Promise.all([openStore(store), openSource(source, options)]);
  return cachedSource(inner, place, key);
}

/**
 * Opens a store whose files are read through a cache, as {@link cached} does: a sharded checkpoint on a server, or the
 * checkpoints of a run. Writes and removals go to the store itself.
 *
 * @param options Its `key` is the name of the store in the cache; by default its address or `name`.
 * @example
 * ```ts
 * const store = await cachedStore("hf://owner/repo", "cache");
 * const params = await loadPytree(store);
 * ```
 */
export async function cachedStore(
  place: StoreInput,
  store: StoreInput,
  options: CachedOptions = {},
): Promise<Store> {
  requireOptions(options);
  const [cache, inner] = await Promise.all([openStore(store), openStore(place, options)]);
  const address = typeof place === "string" || isUrl(place) ? String(place) : inner.name;
  const base = nameInCache(options, address);
  return {
    ...(inner.name !== undefined && { name: inner.name }),
    source: async (key, more) =>
      cachedSource(await inner.source(key, more), cache, JSON.stringify([base, key])),
    sink: (key, more) => inner.sink(key, more),
    list: (prefix, more) => inner.list(prefix, more),
    remove: (key) => inner.remove(key),
    ...(inner.pending && { pending: inner.pending.bind(inner) }),
    ...(inner.sweep && { sweep: inner.sweep.bind(inner) }),
  };
}

function nameInCache(options: CachedOptions, address: string | undefined): string {
  requireOptions(options);
  const key: unknown = options.key ?? address;
  if (typeof key === "string") return key;
  throw invalidArgument("key", "a name in the cache for what has no address", key);
}

async function cachedSource(inner: ByteSource, cache: Store, key: string): Promise<ByteSource> {
  const { name, size, version } = inner;
  if (version === undefined) return inner;
  const id = hex(await sha256(new TextEncoder().encode(JSON.stringify([key, version, size])))).slice(0, 32);
  return {
    ...(name !== undefined && { name }),
    size,
    version,
    parallel: MAX_AT_ONCE,
    read: readThrough(inner, cache, id),
    close: () => inner.close?.(),
  };
}

/**
 * Removes blocks from a cache, oldest first, until it has at most `maxBytes` bytes. Other files are left alone.
 *
 * @example
 * ```ts
 * await trimCache("cache", 10e9);
 * ```
 */
export async function trimCache(store: StoreInput, maxBytes: number): Promise<void> {
  if (!(maxBytes >= 0)) throw invalidArgument("maxBytes", "a number from 0 up", maxBytes);
  const place = await openStore(store);
  const blocks: { key: string; size: number; modified: number }[] = [];
  for await (const { key, size, modified = 0 } of place.list("", { shallow: true })) {
    if (NAME.test(key)) blocks.push({ key, size, modified });
  }
  // What a killed process left of a block goes too.
  if (place.pending) for await (const _ of place.pending());
  let bytes = blocks.reduce((sum, { size }) => sum + size, 0);
  for (const { key, size } of blocks.sort((a, b) => a.modified - b.modified)) {
    if (bytes <= maxBytes) return;
    await place.remove(key);
    bytes -= size;
  }
}

/** What reads a source by its blocks, each by one request however many ask for it. */
function readThrough(inner: ByteSource, store: Store, id: string): ByteSource["read"] {
  // Bounds what is fetched and not stored yet, over all reads.
  const limiter = new Limiter(MAX_AT_ONCE, Number.POSITIVE_INFINITY);
  const loading = new Map<number, Promise<Uint8Array>>();
  const recent = new Map<number, Uint8Array>();
  let isFull = false;

  async function load(index: number): Promise<Uint8Array> {
    const key = `${id}-${index}.block`;
    const start = index * BLOCK_BYTES;
    const end = Math.min(start + BLOCK_BYTES, inner.size);
    let block = await findBlock(store, key, end - start);
    if (block === undefined) {
      block = new Uint8Array(await inner.read(start, end));
      if (!isFull) isFull = !(await keepBlock(store, key, block));
    }
    recent.set(index, block);
    if (recent.size > MAX_RECENT) recent.delete(recent.keys().next().value!);
    return block;
  }

  async function blockAt(index: number): Promise<Uint8Array> {
    const known = recent.get(index) ?? loading.get(index);
    if (known !== undefined) return known;
    const block = limiter.run(BLOCK_BYTES, undefined, () => load(index)).finally(() => loading.delete(index));
    loading.set(index, block);
    return block;
  }

  return async (start, end, { signal, into, onBytes } = {}) => {
    const bytes = into ?? allocate(end - start, inner.name ?? "source");
    const first = Math.floor(start / BLOCK_BYTES);
    const count = Math.ceil(end / BLOCK_BYTES) - first;
    const indices = Array.from({ length: count }, (_, i) => first + i);
    await runAll(indices, MAX_AT_ONCE, async (index) => {
      signal?.throwIfAborted();
      const offset = index * BLOCK_BYTES;
      const from = Math.max(start, offset);
      const to = Math.min(end, offset + BLOCK_BYTES);
      const block = await abortable(blockAt(index), signal);
      bytes.set(block.subarray(from - offset, to - offset), from - start);
      onBytes?.(to - from);
    });
    return bytes;
  };
}

/** What the cache has under a key; nothing, if it is damaged in any way. */
async function findBlock(
  store: Store,
  key: string,
  length: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const { source, close } = await openSourceIn(store, key);
    try {
      if (source.size !== DIGEST_BYTES + length) return undefined;
      const file = new Uint8Array(await source.read(0, source.size));
      const block = file.subarray(DIGEST_BYTES);
      const digest = await sha256(block);
      return digest.every((byte, i) => byte === file[i]) ? block : undefined;
    } finally {
      await close();
    }
  } catch {
    return undefined;
  }
}

/** Puts a block into the cache; `false` if the disk is full, or may not be written: reading goes on without. */
async function keepBlock(store: Store, key: string, block: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    const digest = await sha256(block);
    // Not flushed: after a crash of the machine the digest tells whether it is there.
    const sink = await store.sink(key, { flush: false });
    try {
      await sink.begin?.(DIGEST_BYTES + block.byteLength);
      await sink.write(digest);
      await sink.write(block);
      await sink.close();
    } catch (error) {
      await sink.abort?.(error);
      throw error;
    }
    return true;
  } catch {
    return false;
  }
}
