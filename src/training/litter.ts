// Clears what saves that died left in a store: only a manager's own files, and only under its lock.

import { openSafetensors } from "../checkpoint/open.ts";
import { readText } from "../checkpoint/store-text.ts";
import { parseShardIndex } from "../format/shards.ts";
import type { Store, StoreEntry } from "../io/types.ts";
import { LOCK_KEY } from "./lock.ts";
import { isSharded, type Listing, listSteps, readStep, removeStep, type StepEntry } from "./step-files.ts";
import { STEP_KEY } from "./step-info.ts";
import { folderKey, isOwnKey, STEP_PREFIX } from "./step-names.ts";

/** Clears the litter of dead saves; nobody may be writing meanwhile. */
export async function clearLitter(store: Store): Promise<void> {
  await store.sweep?.(STEP_PREFIX, isOwnKey);
  for await (const { key } of store.list(`${LOCK_KEY}.`)) await store.remove(key);
  const listing = await listSteps(store);
  for (const file of listing.partial) if (await isOwn(store, file)) await store.remove(file.key);
  if (listing.partial.length > 0) await store.sweep?.(STEP_PREFIX, isOwnKey);
  for (const entry of listing.entries) await clearFolder(store, entry);
  for (const entry of await superseded(store, listing)) await removeStep(store, entry);
}

/** Whether a manager wrote a shard: its header says so. */
async function isOwn(store: Store, { key }: StoreEntry): Promise<boolean> {
  const source = await store.source(key);
  try {
    const { metadata } = await openSafetensors(source);
    return Object.hasOwn(metadata, STEP_KEY);
  } catch {
    return false;
  } finally {
    await source.close?.();
  }
}

/** Removes the shards of a folder that its index doesn't name: a save that replaced the step died. */
async function clearFolder(store: Store, { step, main, shards }: StepEntry): Promise<void> {
  if (shards.length === 0 || isOneSet(shards)) return;
  let named: ReadonlySet<string>;
  try {
    named = new Set(parseShardIndex(await readText(store, main.key)).files);
  } catch {
    return; // without an index that can be read nothing tells which are its own
  }
  for (const shard of shards) {
    const name = shard.key.slice(folderKey(step).length);
    if (!named.has(name) && (await isOwn(store, shard))) await store.remove(shard.key);
  }
}

/** Whether shards are those of one save, all of them. */
function isOneSet(shards: readonly StoreEntry[]): boolean {
  const saves = new Set(shards.map(({ key }) => key.replace(/^.*-of-/, "")));
  return saves.size === 1 && Number.parseInt([...saves][0]!, 10) === shards.length;
}

/** Of steps that are there as a file and as a folder, the older one: a save that replaced it died. */
async function superseded(store: Store, { entries }: Listing): Promise<StepEntry[]> {
  const old: StepEntry[] = [];
  for (const [i, entry] of entries.entries()) {
    const other = entries[i + 1];
    if (other?.step !== entry.step || isSharded(other) === isSharded(entry)) continue;
    const [a, b] = [await readStep(store, entry), await readStep(store, other)];
    if (a === undefined || b === undefined || a.error || b.error) continue;
    old.push(a.time < b.time ? entry : other);
  }
  return old;
}
