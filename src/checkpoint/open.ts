import { setOwn } from "../base/dict.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { type Header, headerLength, PREFIX_BYTES, parseHeader } from "../format/header/header.ts";
import { parseShardIndex, type ShardIndex } from "../format/shards.ts";
import { abortable } from "../io/abort.ts";
import { type OpenedSource, openSource, openSourceIn, type SourceInput } from "../io/open-source.ts";
import type { SourceOptions } from "../io/options.ts";
import { runAll } from "../io/run-all.ts";
import type { ByteSource } from "../io/types.ts";
import { bodyBound } from "./body-bound.ts";
import { type FilePart, SafetensorsFile } from "./file.ts";
import { type WarningOption, warn } from "./options.ts";

/**
 * What tensors are read from: a path, a URL, a `Blob` or `File`, bytes, a `Response`, a `FileHandle`, an OPFS
 * handle, a {@link ByteSource} of one's own, each of a safetensors file or of a sharded checkpoint's
 * `model.safetensors.index.json`; or a file that is open already.
 */
export type CheckpointSource = SourceInput | SafetensorsFile;

/** Options of {@link openSafetensors}, and of every call that opens a source. */
export interface OpenOptions extends SourceOptions, WarningOption {
  /**
   * Where the files of a sharded checkpoint are, by the names that its index has for them. Paths and URLs
   * need none: their files lie beside the index.
   */
  readonly shards?: (fileName: string) => SourceInput | Promise<SourceInput>;
}

// The first read: enough for most headers, and all that a lookup of one tensor may read too much.
const HEAD_BYTES = 64 * 2 ** 10;
// No index is larger; the one of a model with 100,000 tensors has about 10 MB.
export const MAX_INDEX_BYTES = 256 * 2 ** 20;
// Headers of shards that are read at once.
const SHARDS_AT_ONCE = 8;

/**
 * Opens a safetensors file or a sharded checkpoint: reads and checks the header, nothing more.
 *
 * @throws Every error of the format (`HeaderTooSmall`, `InvalidHeaderDeserialization`, `InvalidOffset`, …);
 *   `InvalidIndex` and `MissingShard` for sharded checkpoints; what the source throws.
 * @example
 * ```ts
 * await using file = await openSafetensors("model.safetensors");
 * for (const name of file.names) console.log(name, file.info(name).shape);
 * ```
 */
export async function openSafetensors(
  source: CheckpointSource,
  options: OpenOptions = {},
): Promise<SafetensorsFile> {
  if (source instanceof SafetensorsFile) return source;
  const opened = await openSource(source, { ...options, bound: bodyBound });
  try {
    const head = await readHead(opened.source, options.signal);
    if (isIndex(head)) return await openShards(opened, head, options);
    const part = await openPart(opened.source, head, options.signal);
    return new SafetensorsFile([part], part.header.metadata ?? {}, undefined, () => opened.close());
  } catch (error) {
    await opened.close().catch(() => {}); // the error that led here is the one to see
    throw error;
  }
}

/**
 * Opens a source for the time of a call: what the call opened is closed after it, whatever happens; a file
 * that the caller opened stays open.
 */
export async function withFile<T>(
  source: CheckpointSource,
  options: OpenOptions,
  use: (file: SafetensorsFile) => Promise<T>,
): Promise<T> {
  const file = await openSafetensors(source, options);
  try {
    return await use(file);
  } finally {
    if (file !== source) await file.close();
  }
}

function readHead(source: ByteSource, signal: AbortSignal | undefined): Uint8Array | Promise<Uint8Array> {
  return source.read(0, Math.min(source.size, HEAD_BYTES), { signal });
}

async function openPart(
  source: ByteSource,
  head: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<FilePart> {
  return { source, header: await readHeader(source, head, signal) };
}

async function readHeader(
  source: ByteSource,
  head: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Header> {
  try {
    const end = PREFIX_BYTES + headerLength(head, source.size);
    let header = head.subarray(PREFIX_BYTES, end);
    if (head.byteLength < end) {
      const rest = await source.read(head.byteLength, end, { signal });
      const joined = new Uint8Array(end - PREFIX_BYTES);
      joined.set(header);
      joined.set(rest, header.byteLength);
      header = joined;
    }
    return parseHeader(header, source.size);
  } catch (error) {
    throw nameSource(error, source.name);
  }
}

/** The same error with the name of the file in front. */
function nameSource(error: unknown, name: string | undefined): unknown {
  if (!(error instanceof Pytree2SafetensorsError) || error.source !== undefined || name === undefined)
    return error;
  const { code, message, tensor, keyPath, expected, found, faults } = error;
  const fields = Object.entries({ tensor, keyPath, expected, found }).filter(
    ([, value]) => value !== undefined,
  );
  return new Pytree2SafetensorsError(code, `${name}: ${message}`, {
    ...Object.fromEntries(fields),
    source: name,
    faults,
    cause: error,
  });
}

// A safetensors file begins with its header's length, at most 100,000,000 as 64 bits: four of the first eight
// bytes are zero, which no byte of a JSON text is.
export function isIndex(head: Uint8Array): boolean {
  const start = head.findIndex((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return start >= 0 && head[start] === 0x7b && head.subarray(0, PREFIX_BYTES).every((byte) => byte !== 0);
}

async function openShards(
  opened: OpenedSource,
  head: Uint8Array,
  options: OpenOptions,
): Promise<SafetensorsFile> {
  const { source } = opened;
  if (source.size > MAX_INDEX_BYTES) {
    throw new Pytree2SafetensorsError(
      "InvalidIndex",
      `${source.name ?? "the source"} looks like the index of a sharded checkpoint but has ${source.size} bytes; at most ${MAX_INDEX_BYTES} are read`,
      { expected: `at most ${MAX_INDEX_BYTES} bytes`, found: `${source.size} bytes` },
    );
  }
  const text =
    head.byteLength === source.size ? head : await source.read(0, source.size, { signal: options.signal });
  const index = parseShardIndex(new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(text));
  const shards: OpenedSource[] = [];
  const release = async () => {
    await Promise.all([opened, ...shards].map((shard) => shard.close()));
  };
  try {
    const parts = await runAll(index.files, SHARDS_AT_ONCE, async (fileName) => {
      options.signal?.throwIfAborted();
      const shard = await openShard(opened, fileName, options);
      shards.push(shard);
      return openPart(shard.source, await readHead(shard.source, options.signal), options.signal);
    });
    const partOf = matchIndex(index, parts, options);
    return new SafetensorsFile(parts, joinMetadata(index, parts), partOf, release);
  } catch (error) {
    await Promise.all(shards.map((shard) => shard.close().catch(() => {})));
    throw error;
  }
}

async function openShard(
  opened: OpenedSource,
  fileName: string,
  options: OpenOptions,
): Promise<OpenedSource> {
  try {
    if (options.shards) {
      const place = abortable(Promise.resolve(options.shards(fileName)), options.signal);
      return await openSource(await place, { ...options, bound: bodyBound });
    }
    if (opened.folder) return await openSourceIn(opened.folder, fileName, options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Pytree2SafetensorsError(
      "MissingShard",
      `the shard ${JSON.stringify(fileName)} can't be opened: ${reason}`,
      {
        source: fileName,
        cause,
      },
    );
  }
  throw new Pytree2SafetensorsError(
    "MissingShard",
    `this index is no path and no URL, so nothing says where ${JSON.stringify(fileName)} is; pass { shards: (fileName) => source }`,
    { source: fileName },
  );
}

/** Holds the index against the files: each tensor in exactly one, the one that the index names. */
function matchIndex(
  index: ShardIndex,
  parts: readonly FilePart[],
  options: OpenOptions,
): ReadonlyMap<string, FilePart> {
  const partOf = new Map<string, FilePart>();
  let bytes = 0;
  for (const [at, part] of parts.entries()) {
    const fileName = index.files[at]!;
    for (const name of part.header.names) {
      const expected = index.weightMap.get(name);
      if (expected !== fileName) {
        const says = expected === undefined ? "has no entry for it" : `says ${JSON.stringify(expected)}`;
        throw new Pytree2SafetensorsError(
          "InvalidIndex",
          `tensor ${JSON.stringify(name)} is in the shard ${JSON.stringify(fileName)}, but the index ${says}`,
          { tensor: name, expected: expected ?? "an entry", found: fileName },
        );
      }
      partOf.set(name, part);
    }
    bytes += part.source.size - part.header.dataStart;
  }
  for (const [name, fileName] of index.weightMap) {
    if (partOf.has(name)) continue;
    throw new Pytree2SafetensorsError(
      "InvalidIndex",
      `the index says that tensor ${JSON.stringify(name)} is in the shard ${JSON.stringify(fileName)}, but it is not there`,
      { tensor: name, expected: fileName },
    );
  }
  // Published indexes often count tied tensors twice, so a wrong sum alone is no reason to refuse.
  if (index.totalSize !== undefined && index.totalSize !== bytes) {
    const message = `the index gives total_size ${index.totalSize}, its shards have ${bytes} bytes of data`;
    warn(options, new Pytree2SafetensorsError("InvalidIndex", message));
  }
  return partOf;
}

function joinMetadata(index: ShardIndex, parts: readonly FilePart[]): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const part of [...parts].reverse()) {
    for (const [key, value] of Object.entries(part.header.metadata ?? {})) setOwn(joined, key, value);
  }
  for (const [key, value] of Object.entries(index.metadata)) {
    if (typeof value === "string") setOwn(joined, key, value);
  }
  return joined;
}
