// The steps of a store: finding them, reading their headers, removing them.
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { messageOf } from "../base/quote.ts";
import type { SafetensorsFile } from "../checkpoint/file.ts";
import { userMetadata } from "../checkpoint/metadata.ts";
import { openSafetensors } from "../checkpoint/open.ts";
import type { OpenOptions } from "../checkpoint/options.ts";
import type { Store, StoreEntry } from "../io/types.ts";
import { readStepMetadata, type StepInfo } from "./step-info.ts";
import { fileKey, folderKey, INDEX_FILE, isOwnKey, parseKey, STEP_PREFIX } from "./step-names.ts";

/** A step as it lies in the store: one file, or the index and the shards of a folder. */
export interface StepEntry {
  readonly step: number;
  /** The file to open: the step's only one, or its index. */
  readonly main: StoreEntry;
  /** The other files of its folder. */
  readonly shards: readonly StoreEntry[];
}

/** What a store holds under the names of steps. */
export interface Listing {
  /** The steps, in ascending order; a step that is there in both forms comes twice. */
  readonly entries: readonly StepEntry[];
  /** Shards without an index: no step can be read from them. */
  readonly partial: readonly StoreEntry[];
}

/** Lists what is in a store under the names of steps. */
export async function listSteps(store: Store): Promise<Listing> {
  const folders = new Map<number, { index?: StoreEntry; shards: StoreEntry[] }>();
  const entries: StepEntry[] = [];
  const partial: StoreEntry[] = [];
  for await (const file of store.list(STEP_PREFIX)) {
    const parsed = parseKey(file.key);
    if (parsed === undefined) continue;
    if (parsed.file === undefined) entries.push({ step: parsed.step, main: file, shards: [] });
    else {
      const folder = folders.get(parsed.step) ?? { shards: [] };
      folders.set(parsed.step, folder);
      if (parsed.file === INDEX_FILE) folder.index = file;
      else folder.shards.push(file);
    }
  }
  for (const [step, { index, shards }] of folders) {
    if (index === undefined) partial.push(...shards);
    else entries.push({ step, main: index, shards });
  }
  return { entries: entries.sort((a, b) => a.step - b.step), partial };
}

/** Opens a step; whoever opens it closes it. */
export function openStep(
  store: Store,
  entry: StepEntry,
  options: Pick<OpenOptions, "signal" | "onWarning"> = {},
): Promise<SafetensorsFile> {
  return openSafetensors(stepView(store, entry), options);
}

/** The store as if it held this step alone: its file, or its index with the shards beside it. */
function stepView(store: Store, { step, main, shards }: StepEntry): Store {
  const folder = main.key === fileKey(step) ? "" : folderKey(step);
  return {
    ...inFolder(store, folder),
    async *list() {
      for (const file of [main, ...shards]) yield { ...file, key: file.key.slice(folder.length) };
    },
  };
}

/**
 * What a step's header says of it.
 *
 * @returns `undefined` for a file that a manager did not write; with `error` for one that can't be read.
 */
export async function readStep(store: Store, entry: StepEntry): Promise<StepInfo | undefined> {
  const bytes = [entry.main, ...entry.shards].reduce((sum, { size }) => sum + size, 0);
  try {
    const file = await openStep(store, entry, { onWarning: () => {} });
    try {
      const info = readStepMetadata(userMetadata(file.metadata));
      // The name decides: whoever renames a step means it.
      return info && { ...info, step: entry.step, bytes };
    } finally {
      await file.close();
    }
  } catch (error) {
    const time = new Date(entry.main.modified ?? 0);
    return { step: entry.step, metrics: {}, metadata: {}, time, bytes, error: broken(store, entry, error) };
  }
}

function broken(store: Store, { step, main }: StepEntry, cause: unknown): Pytree2SafetensorsError {
  const code = isPytree2SafetensorsError(cause) ? cause.code : "IoError";
  return new Pytree2SafetensorsError(code, `step ${step} can't be read: ${messageOf(cause)}`, {
    source: `${store.name ?? "store"}/${main.key}`,
    cause,
  });
}

/** Removes a step, and the folder that it leaves. What is left if the program dies meanwhile is no step any more, or still the whole one. */
export async function removeStep(store: Store, { step, main, shards }: StepEntry): Promise<void> {
  await store.remove(main.key);
  for (const { key } of shards) await store.remove(key);
  if (shards.length > 0) await store.sweep?.(folderKey(step), isOwnKey);
}

/** Whether an entry has the form, one file or a folder, that a manager of such options writes. */
export function isSharded({ step, main }: StepEntry): boolean {
  return main.key !== fileKey(step);
}

/** The part of a store whose keys begin with a folder's name. */
export function inFolder(store: Store, folder: string): Store {
  async function* within(entries: AsyncIterable<StoreEntry>) {
    for await (const entry of entries) yield { ...entry, key: entry.key.slice(folder.length) };
  }
  return {
    ...(store.name !== undefined && { name: `${store.name}/${folder}`.replace(/\/$/, "") }),
    source: (key, options) => store.source(folder + key, options),
    sink: (key, options) => store.sink(folder + key, options),
    list: (prefix = "", options) => within(store.list(folder + prefix, options)),
    remove: (key) => store.remove(folder + key),
    ...(store.pending && { pending: (prefix = "") => within(store.pending!(folder + prefix)) }),
  };
}
