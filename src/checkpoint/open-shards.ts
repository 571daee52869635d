/** Opens the files that the index of a sharded checkpoint names. */
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { messageOf, quote } from "../base/quote.ts";
import { matchShards, parseShardIndex, type ShardIndex, unlistedWarning } from "../format/shards.ts";
import { abortable } from "../io/abort.ts";
import { type OpenedSource, openSource, openSourceIn } from "../io/open-source.ts";
import { runAll } from "../io/run-all.ts";
import { bodyBound } from "./body-bound.ts";
import { named, type OpenedPart, openPart } from "./file-part.ts";
import { MAX_INDEX_BYTES, readHead } from "./head.ts";
import type { CheckpointContents } from "./opened.ts";
import { type OpenOptions, warn } from "./options.ts";

// Headers of shards that are read at once.
const SHARDS_AT_ONCE = 8;

/** Opens a sharded checkpoint by its index, of which the first bytes are there. */
export async function openShards(
  opened: OpenedSource,
  head: Uint8Array,
  options: OpenOptions,
): Promise<CheckpointContents> {
  const index = await readIndex(opened, head, options);
  const shards: OpenedSource[] = [];
  const release = async () => {
    await Promise.all([opened, ...shards].map((shard) => shard.close()));
  };
  try {
    await requireFiles(opened, index, options);
    const parts: OpenedPart[] = [];
    const openEach = async ([i, fileName]: [number, string]) => {
      const shard = await openShard(opened, fileName, options);
      shards.push(shard);
      const start = await readHead(shard.source, options.signal);
      parts[i] = await openPart(shard.source, i, start, options.signal, fileName);
    };
    await runAll(index.files.entries(), SHARDS_AT_ONCE, openEach, (failures) => {
      options.signal?.throwIfAborted();
      throwFailures(failures);
    });
    return {
      parts: parts.map(({ part }) => part),
      ...tensorsOf(index, parts, options),
      metadata: () => joinMetadata(index, parts),
      totalParameters: index.totalParameters,
      release,
    };
  } catch (error) {
    await Promise.all(shards.map((shard) => shard.close().catch(() => {})));
    throw error;
  }
}

async function readIndex(
  { source }: OpenedSource,
  head: Uint8Array,
  { signal }: OpenOptions,
): Promise<ShardIndex> {
  try {
    if (source.size > MAX_INDEX_BYTES) {
      const [expected, found] = [`at most ${MAX_INDEX_BYTES} bytes`, `${source.size}`];
      const message = `invalid shard index: expected ${expected}, found ${found}`;
      throw new Pytree2SafetensorsError("InvalidIndex", message, { expected, found });
    }
    const text = head.byteLength === source.size ? head : await source.read(0, source.size, { signal });
    return parseShardIndex(new TextDecoder("utf-8", { fatal: false }).decode(text));
  } catch (error) {
    throw named(error, source);
  }
}

/** Names all files that are missing, where one listing of the folder tells. */
async function requireFiles(opened: OpenedSource, index: ShardIndex, options: OpenOptions): Promise<void> {
  const { folder } = opened;
  if (options.shards !== undefined || folder === undefined || index.files.length === 1) return;
  const there = new Set<string>();
  try {
    for await (const { key } of folder.list("", { signal: options.signal })) there.add(key);
  } catch {
    options.signal?.throwIfAborted();
    return; // A folder that can't be listed: opening the files tells.
  }
  throwFailures(
    index.files.filter((file) => !there.has(file)).map((file) => missingShard(file, "there is no such file")),
  );
}

/** Throws the first of several failures; what else went wrong stands in its faults. */
function throwFailures(failures: readonly unknown[]): void {
  const [first] = failures;
  if (first === undefined) return;
  if (failures.length === 1 || !isPytree2SafetensorsError(first)) throw first;
  const known = failures.filter(isPytree2SafetensorsError);
  const faults = known.flatMap((failure) => failure.faults);
  const names = known.flatMap(({ source }) => (source === undefined ? [] : [quote(source)]));
  const message = `${first.message} (${failures.length} shards fail: ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""})`;
  throw new Pytree2SafetensorsError(first.code, message, {
    ...(first.source !== undefined && { source: first.source }),
    faults,
    cause: first,
  });
}

function missingShard(fileName: string, reason: string, cause?: unknown): Pytree2SafetensorsError {
  const message = `the shard ${quote(fileName)} can't be opened: ${reason}`;
  return new Pytree2SafetensorsError("MissingShard", message, { source: fileName, cause });
}

async function openShard(
  opened: OpenedSource,
  fileName: string,
  options: OpenOptions,
): Promise<OpenedSource> {
  const { signal } = options;
  try {
    if (options.shards) {
      const place = abortable(Promise.resolve(options.shards(fileName)), signal);
      return await openSource(await place, { ...options, bound: bodyBound });
    }
    if (opened.folder) return await openSourceIn(opened.folder, fileName, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw missingShard(fileName, messageOf(cause), cause);
  }
  const message = `this index is neither a path nor a URL, so nothing says where ${quote(fileName)} is; pass { shards: (fileName) => source }`;
  throw new Pytree2SafetensorsError("MissingShard", message, { source: fileName });
}

/** The tensors of the checkpoint: what `weight_map` lists, each in the file that it names. */
function tensorsOf(index: ShardIndex, parts: readonly OpenedPart[], options: OpenOptions) {
  const files = new Map(parts.map(({ part, tensors }) => [part.name!, tensors]));
  const { tensors, missing, unlisted } = matchShards(index, files);
  if (unlisted.length > 0) warn(options, unlistedWarning(unlisted));
  return { tensors, missing };
}

function joinMetadata(index: ShardIndex, parts: readonly OpenedPart[]): Record<string, string> {
  const ofParts = [...parts].reverse().flatMap(({ metadata }) => Object.entries(metadata()));
  const ofIndex = Object.entries(index.metadata).filter(([, value]) => typeof value === "string");
  return Object.fromEntries([...ofParts, ...(ofIndex as [string, string][])]);
}
