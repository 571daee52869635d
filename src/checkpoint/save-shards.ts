import { Pytree2SafetensorsError } from "../base/errors.ts";
import { planLayout } from "../format/layout/layout.ts";
import { parseShardIndex, planShards, writeShardIndex } from "../format/shards.ts";
import { type DirectoryInput, openSinkDirectory, openSourceIn } from "../io/open.ts";
import type { SinkDirectory } from "../io/platform.ts";
import type { ArrayAdapter } from "./adapter.ts";
import type { LongCallOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import { type Metadata, withStructure } from "./save.ts";
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
  if (!/^[A-Za-z0-9_][\w.-]*$/.test(shardName)) {
    const found = JSON.stringify(shardName);
    throw new Pytree2SafetensorsError(
      "InvalidArgument",
      `shardName must be letters, digits, "_", "-" and ".", not ${found}: it begins the names of files`,
      { found },
    );
  }
  const shards = planShards(entries, maxBytes);
  const plans = shards.map((members) => {
    const own = members.map((member) => entries[member]!);
    return { own, plan: planLayout(own, metadata) };
  });
  const total = plans.reduce((sum, { plan }) => sum + plan.totalBytes, 0);
  const progress = new ProgressCounter(total, options.onProgress);
  const folder = await openSinkDirectory(sink, options);
  const indexName = `${shardName}.safetensors.index.json`;
  const files = filesOf(shardName);
  const isEmpty = (await ours(folder, files)).length === 0;
  let names = shardNames(shardName, plans.length, !isEmpty);
  const claimed: string[] = [];
  const weightMap = new Map<string, string>();
  let indexing = false;
  try {
    for (const [i, { own, plan }] of plans.entries()) {
      let file = await folder.file(names[i]!);
      // Another save may have seen the empty folder too: each that now sees the other makes way.
      if (i === 0 && isEmpty && (await ours(folder, files)).length > 1) {
        await file.abort(undefined);
        names = shardNames(shardName, plans.length, true);
        file = await folder.file(names[i]!);
      }
      claimed.push(names[i]!);
      await writeFile(file, plan, own, { adapter, signal, progress });
      for (const { name } of own) weightMap.set(name, names[i]!);
    }
    signal?.throwIfAborted();
    const totalSize = plans.reduce((sum, { plan }) => sum + plan.totalBytes - plan.head.byteLength, 0);
    const index = writeShardIndex(
      weightMap,
      totalSize,
      // Without a tensor there is no file that could have the metadata.
      withStructure(plans.length === 0 ? metadata : undefined, structure),
    );
    const replaced = await indexedFiles(sink, indexName);
    const file = await folder.file(indexName);
    indexing = true;
    await writeText(file, index);
    await clearOld(folder, files, new Set(names), replaced);
  } catch (error) {
    // Once the index may be there, only an index that can be read tells that these files are not its own.
    const indexed = indexing ? await indexedFiles(sink, indexName) : new Set<string>();
    if (!indexing || indexed.size > 0)
      for (const name of claimed) if (!indexed.has(name)) await folder.remove(name).catch(() => {});
    signal?.throwIfAborted();
    throw error;
  }
  progress.finish(entries.at(-1)?.name ?? "");
}

/** The customary names, or the same with a mark of this save. */
function shardNames(shardName: string, count: number, marked: boolean): string[] {
  const mark = marked ? `.${crypto.randomUUID().slice(0, 8)}` : "";
  const five = (n: number) => String(n).padStart(5, "0");
  return Array.from(
    { length: count },
    (_, i) => `${shardName}-${five(i + 1)}-of-${five(count)}${mark}.safetensors`,
  );
}

/** A file of some save to the folder. */
interface SavedFile {
  readonly name: string;
  /** What all files of one save have in common: how many there are, and its mark. */
  readonly save: string;
  /** Whether it is still being written, or was when its save died. */
  readonly temporary: boolean;
}

// The temporary file of a path is its name between a dot and a number of the process.
function filesOf(shardName: string): RegExp {
  const escaped = shardName.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(
    `^(\\.?)${escaped}-\\d{5,}-of-(\\d{5,}(?:\\.[0-9a-f]{8})?)\\.safetensors(\\.[0-9]+-[0-9a-f]+\\.tmp)?$`,
  );
}

async function ours(folder: SinkDirectory, files: RegExp): Promise<SavedFile[]> {
  return (await folder.list()).flatMap((name) => {
    const match = files.exec(name);
    if (match === null || (match[1] === ".") !== (match[3] !== undefined)) return [];
    return [{ name, save: match[2]!, temporary: match[3] !== undefined }];
  });
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
  files: RegExp,
  current: ReadonlySet<string>,
  replaced: ReadonlySet<string>,
): Promise<void> {
  try {
    await folder.clearLitter?.((name) => files.test(name));
    const found = await ours(folder, files);
    // What is or was written to of late keeps all files of its save: its first shard may be hours old.
    const living = new Set<string>();
    for (const { name, save, temporary } of found)
      if (temporary || Date.now() - (await folder.modified(name)) <= STALE_MS) living.add(save);
    for (const { name, save, temporary } of found)
      if (!temporary && !current.has(name) && (replaced.has(name) || !living.has(save)))
        await folder.remove(name);
  } catch {
    // The checkpoint is whole; litter that can't be removed is no reason to say otherwise.
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
