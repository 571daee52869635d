import { planLayout } from "../format/layout.ts";
import { parseShardIndex, planShards, writeShardIndex } from "../format/shards.ts";
import { type DirectoryInput, openSinkDirectory, openSourceIn } from "../io/open.ts";
import type { SinkDirectory } from "../io/platform.ts";
import type { ArrayAdapter } from "./adapter.ts";
import type { LongCallOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import { type Metadata, STRUCTURE_KEY } from "./save.ts";
import { type NamedLeaf, writeFile } from "./write.ts";

/** Where a sharded checkpoint goes: a folder's path or its OPFS handle. */
export type ShardSink = DirectoryInput;

interface ShardOptions extends LongCallOptions {
  readonly arrays?: ArrayAdapter<unknown>;
  readonly flush?: boolean | undefined;
  readonly maxBytes: number;
  readonly shardName?: string;
  readonly metadata: Metadata | undefined;
  readonly structure: string | undefined;
}

// Shards that no index names and that nobody has written to for so long are of a save that died.
const STALE_MS = 3_600_000;

/**
 * Writes a sharded checkpoint. The index comes last and is what counts: where the folder holds a checkpoint
 * already, the new files get names of their own, so that the old index describes whole old files until the
 * new one takes its place; only then the old files go.
 */
export async function writeShards(
  entries: readonly NamedLeaf[],
  sink: ShardSink,
  options: ShardOptions,
): Promise<void> {
  const { arrays: adapter, signal, metadata, structure, maxBytes, shardName = "model" } = options;
  signal?.throwIfAborted();
  const shards = planShards(entries, maxBytes);
  const plans = shards.map((members) => {
    const own = members.map((member) => entries[member]!);
    return { own, plan: planLayout(own, metadata) };
  });
  const total = plans.reduce((sum, { plan }) => sum + plan.totalBytes, 0);
  const progress = new ProgressCounter(total, options.onProgress);
  const folder = await openSinkDirectory(sink, options);
  const indexName = `${shardName}.safetensors.index.json`;
  const names = await shardNames(folder, shardName, plans.length);
  const weightMap = new Map<string, string>();
  try {
    for (const [i, { own, plan }] of plans.entries()) {
      await writeFile(await folder.file(names[i]!), plan, own, { adapter, signal, progress });
      for (const { name } of own) weightMap.set(name, names[i]!);
    }
    signal?.throwIfAborted();
    const totalSize = plans.reduce((sum, { plan }) => sum + plan.totalBytes - plan.head.byteLength, 0);
    const index = writeShardIndex(
      weightMap,
      totalSize,
      structure === undefined ? {} : { [STRUCTURE_KEY]: structure },
    );
    const replaced = await indexedFiles(sink, indexName);
    await writeText(await folder.file(indexName), index);
    await clearOld(folder, shardName, new Set(names), replaced);
  } catch (error) {
    const indexed = await indexedFiles(sink, indexName);
    for (const name of names) if (!indexed.has(name)) await folder.remove(name).catch(() => {});
    signal?.throwIfAborted();
    throw error;
  }
  progress.finish(entries.at(-1)?.name ?? "");
}

/** The customary names, or, where the folder has such files already, the same with a mark of this save. */
async function shardNames(folder: SinkDirectory, shardName: string, count: number): Promise<string[]> {
  const pattern = shardPattern(shardName);
  // A name with a dot in front is the temporary file of a save that is under way.
  const taken = (await folder.list()).some((name) => pattern.test(name) || name.startsWith(`.${shardName}-`));
  const mark = taken ? `.${crypto.randomUUID().slice(0, 8)}` : "";
  const five = (n: number) => String(n).padStart(5, "0");
  return Array.from(
    { length: count },
    (_, i) => `${shardName}-${five(i + 1)}-of-${five(count)}${mark}.safetensors`,
  );
}

function shardPattern(shardName: string): RegExp {
  const escaped = shardName.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped}-\\d{5,}-of-\\d{5,}(\\.[0-9a-f]{8})?\\.safetensors$`);
}

/** The files that the folder's index names; none where there is no index, or none that can be read. */
async function indexedFiles(sink: ShardSink, indexName: string): Promise<ReadonlySet<string>> {
  try {
    const { source, close } = await openSourceIn(sink, indexName);
    try {
      return new Set(parseShardIndex(new TextDecoder().decode(await source.read(0, source.size))).files);
    } finally {
      await close();
    }
  } catch {
    return new Set();
  }
}

/** Removes the files of the index that was replaced, and what dead saves left; never a living save's. */
async function clearOld(
  folder: SinkDirectory,
  shardName: string,
  current: ReadonlySet<string>,
  replaced: ReadonlySet<string>,
): Promise<void> {
  const pattern = shardPattern(shardName);
  for (const name of await folder.list()) {
    if (!pattern.test(name) || current.has(name)) continue;
    try {
      if (replaced.has(name) || Date.now() - (await folder.modified(name)) > STALE_MS)
        await folder.remove(name);
    } catch {
      // The checkpoint is whole; litter that can't be removed is no reason to say otherwise.
    }
  }
}

async function writeText(sink: Awaited<ReturnType<SinkDirectory["file"]>>, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    await sink.begin(bytes.byteLength);
    await sink.write(bytes);
    await sink.close();
  } catch (error) {
    await sink.abort(error);
    throw error;
  }
}
