import { setOwn } from "../base/dict.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { explainForeign } from "../format/foreign.ts";
import { type Header, headerLength, PREFIX_BYTES, parseHeader } from "../format/header/header.ts";
import {
  looksLikeIndex,
  matchShards,
  parseShardIndex,
  type ShardIndex,
  type ShardMatch,
  unlistedWarning,
} from "../format/shards.ts";
import { abortable } from "../io/abort.ts";
import { Limiter } from "../io/limiter.ts";
import { type OpenedSource, openSource, type SourceInput, type SourceOptions } from "../io/open.ts";
import type { ByteSource } from "../io/types.ts";
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
const MAX_INDEX_BYTES = 256 * 2 ** 20;
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
  const opened = await openSource(source, options);
  try {
    const head = await readHead(opened.source, options.signal);
    if (looksLikeIndex(head)) return await openShards(opened, head, options);
    const part = await openPart(opened.source, head, options.signal);
    return new SafetensorsFile([part], part.header.metadata ?? {}, part.header.tensors, () => opened.close());
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
): Promise<Header<ByteSource>> {
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
    return parseHeader(header, source.size, source);
  } catch (error) {
    throw nameSource(explainForeign(error, head), source.name);
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
    const limiter = new Limiter(SHARDS_AT_ONCE, Number.POSITIVE_INFINITY);
    const opening = index.files.map((fileName) =>
      limiter.run(0, options.signal, async () => {
        const shard = await openShard(opened, fileName, options);
        shards.push(shard);
        return openPart(shard.source, await readHead(shard.source, options.signal), options.signal);
      }),
    );
    // All are waited for, so that none is still opening while the others are closed.
    await Promise.allSettled(opening);
    const parts = await Promise.all(opening);
    const { tensors, missing } = takeListed(index, parts, options);
    return new SafetensorsFile(parts, joinMetadata(index, parts), tensors, release, missing);
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
      return await openSource(await place, options);
    }
    if (opened.sibling) return await opened.sibling(fileName);
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

/** Takes the tensors that the index lists; what its files have beyond it is only warned of. */
function takeListed(
  index: ShardIndex,
  parts: readonly FilePart[],
  options: OpenOptions,
): ShardMatch<ByteSource> {
  const files = new Map(parts.map(({ header }, at) => [index.files[at]!, header.tensors]));
  const match = matchShards(index, files);
  const bytes = parts.reduce((sum, { source, header }) => sum + source.size - header.dataStart, 0);
  if (match.unlisted.length > 0) warn(options, unlistedWarning(match.unlisted));
  // Published indexes often count tied tensors twice, so a wrong sum is no reason to refuse.
  else if (index.totalSize !== undefined && index.totalSize !== bytes) {
    const message = `the index gives total_size ${index.totalSize}, its shards have ${bytes} bytes of data`;
    warn(options, new Pytree2SafetensorsError("InvalidIndex", message));
  }
  return match;
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
