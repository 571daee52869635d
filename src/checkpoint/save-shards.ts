/** Writes a sharded checkpoint to a store: shards first, then the index, which is what counts. */
import { invalidArgument } from "../base/arguments.ts";
import { planShards, writeShardIndex } from "../format/shard-plan.ts";
import { openSinkIn } from "../io/open-sink.ts";
import { openWritableStore, type StoreInput } from "../io/open-store.ts";
import type { SinkOptions } from "../io/options.ts";
import type { Store } from "../io/types.ts";
import { withStructure } from "./metadata.ts";
import type { LongCallOptions } from "./options.ts";
import type { PreparedSave } from "./prepare.ts";
import { ProgressCounter } from "./progress.ts";
import { readText, writeText } from "./store-text.ts";
import { writeFile } from "./write.ts";

/** Where to write a sharded checkpoint: the path of a folder, an OPFS directory handle, or a store. */
export type ShardSink = StoreInput;

/** Options of {@link writeShards}. */
export interface ShardOptions extends LongCallOptions, SinkOptions {
  /** The most bytes of tensors in a file. */
  readonly maxBytes: number;
  /** How the names of the files begin; `"model"` by default. */
  readonly shardName?: string | undefined;
}

// Shards that no index names and that nobody has written to for so long are of a save that died.
const STALE_MS = 3_600_000;

/**
 * Writes a sharded checkpoint. The index comes last and is what counts: where the folder holds a checkpoint
 * already, the new files get names of their own, so that the old index describes whole old files until the
 * new one takes its place; only then the old files go.
 */
export async function writeShards(
  prepared: PreparedSave,
  sink: ShardSink,
  options: ShardOptions,
): Promise<void> {
  const { entries, metadata, structure } = prepared;
  const { signal, maxBytes, shardName = "model" } = options;
  signal?.throwIfAborted();
  if (typeof shardName !== "string" || !/^[A-Za-z0-9_][\w.-]*$/.test(shardName)) {
    throw invalidArgument(
      "shardName",
      'letters, digits, "_", "-" and ".", as it begins the names of files',
      shardName,
    );
  }
  const shards = planShards(entries, maxBytes);
  const plans = shards.map((members) => {
    const own = members.map((member) => entries[member]!);
    return { own, plan: prepared.layoutOf(own, metadata) };
  });
  const total = plans.reduce((sum, { plan }) => sum + plan.totalBytes, 0);
  const progress = new ProgressCounter(total, options.onProgress);
  const folder = await openWritableStore(sink, options);
  const indexName = `${shardName}.safetensors.index.json`;
  const files = filesOf(shardName);
  const isEmpty = (await ours(folder, files)).length === 0;
  let names = shardNames(shardName, plans.length, !isEmpty);
  const claimed: string[] = [];
  const weightMap = new Map<string, string>();
  let indexing = false;
  try {
    for (const [i, { own, plan }] of plans.entries()) {
      let file = await openSinkIn(folder, names[i]!, options);
      // Another save may have seen the empty folder too: each that now sees the other makes way.
      if (i === 0 && isEmpty && (await ours(folder, files)).length > 1) {
        await file.abort(undefined);
        names = shardNames(shardName, plans.length, true);
        file = await openSinkIn(folder, names[i]!, options);
      }
      claimed.push(names[i]!);
      await writeFile(file, prepared, own, plan, { signal, progress });
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
    const replaced = await indexedFiles(folder, indexName);
    const file = await openSinkIn(folder, indexName, options);
    indexing = true;
    await writeText(file, index);
    await clearOld(folder, files, new Set(names), replaced);
  } catch (error) {
    // Once the index may be there, only an index that can be read tells that these files are not its own.
    const indexed = indexing ? await indexedFiles(folder, indexName) : new Set<string>();
    if (!indexing || indexed.size > 0)
      for (const name of claimed)
        if (!indexed.has(name)) await Promise.resolve(folder.remove(name)).catch(() => {});
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
  readonly modified: number | undefined;
}

function filesOf(shardName: string): RegExp {
  const escaped = shardName.replaceAll(".", "\\.");
  return new RegExp(`^${escaped}-\\d{5,}-of-(\\d{5,}(?:\\.[0-9a-f]{8})?)\\.safetensors$`);
}

async function ours(folder: Store, files: RegExp): Promise<SavedFile[]> {
  const found: SavedFile[] = [];
  for (const temporary of [false, true]) {
    const entries = temporary ? folder.pending?.() : folder.list("", { shallow: true });
    for await (const { key, modified } of entries ?? []) {
      const save = files.exec(key)?.[1];
      if (save !== undefined) found.push({ name: key, save, temporary, modified });
    }
  }
  return found;
}

/** The files that the folder's index names; none where there is no index, or none that can be read. */
async function indexedFiles(folder: Store, indexName: string): Promise<ReadonlySet<string>> {
  try {
    const index = JSON.parse(await readText(folder, indexName));
    return new Set(Object.values<string>(index.weight_map));
  } catch {
    return new Set();
  }
}

/** Removes the files of the index that was replaced, and what dead saves left; never a living save's. */
async function clearOld(
  folder: Store,
  files: RegExp,
  current: ReadonlySet<string>,
  replaced: ReadonlySet<string>,
): Promise<void> {
  try {
    const found = await ours(folder, files);
    // What is or was written to of late keeps all files of its save: its first shard may be hours old.
    const living = new Set<string>();
    for (const { save, temporary, modified = 0 } of found)
      if (temporary || Date.now() - modified <= STALE_MS) living.add(save);
    for (const { name, save, temporary } of found)
      if (!temporary && !current.has(name) && (replaced.has(name) || !living.has(save)))
        await folder.remove(name);
  } catch {
    // The checkpoint is whole; litter that can't be removed is no reason to say otherwise.
  }
}
