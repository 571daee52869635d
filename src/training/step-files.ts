// The steps of a store: finding them, reading their headers, removing them.
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import type { SafetensorsFile } from "../checkpoint/file.ts";
import { type OpenOptions, openSafetensors } from "../checkpoint/open.ts";
import { STRUCTURE_KEY } from "../checkpoint/save.ts";
import type { ByteSource } from "../io/types.ts";
import type { Store } from "./standin/store.ts";
import { readStepMetadata, type StepInfo } from "./step-info.ts";
import { fileKey, folderKey, INDEX_FILE, parseKey, STEP_PREFIX } from "./step-names.ts";

/** A file of a step, as the store lists it. */
export interface StepFile {
  readonly key: string;
  readonly size: number;
  readonly modified: number | undefined;
}

/** A step as it lies in the store: one file, or the index and the shards of a folder. */
export interface StepEntry {
  readonly step: number;
  /** The file to open: the step's only one, or its index. */
  readonly main: StepFile;
  /** The other files of its folder. */
  readonly shards: readonly StepFile[];
}

/** What a store holds under the names of steps. */
export interface Listing {
  /** The steps, in ascending order; a step that is there in both forms comes twice. */
  readonly entries: readonly StepEntry[];
  /** Files that no step can be read from: shards without an index, and files without a byte. */
  readonly partial: readonly StepFile[];
}

/** Lists what is in a store under the names of steps. */
export async function listSteps(store: Store): Promise<Listing> {
  const files: StepFile[] = [];
  const folders = new Map<number, { index?: StepFile; shards: StepFile[] }>();
  const entries: StepEntry[] = [];
  const partial: StepFile[] = [];
  for await (const { key, size, modified } of store.list(STEP_PREFIX)) {
    const parsed = parseKey(key);
    if (parsed === undefined) continue;
    const file: StepFile = { key, size, modified };
    files.push(file);
    // A browser's folder has the file before it has its content.
    if (size === 0) partial.push(file);
    else if (parsed.file === undefined) entries.push({ step: parsed.step, main: file, shards: [] });
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

/** A step's file, and how to let go of it. */
export interface OpenedStep {
  readonly file: SafetensorsFile;
  close(): Promise<void>;
}

/** Opens a step. */
export async function openStep(
  store: Store,
  { step, main, shards }: Pick<StepEntry, "step" | "main" | "shards">,
  options: Pick<OpenOptions, "signal" | "onWarning">,
): Promise<OpenedStep> {
  const sources: ByteSource[] = [];
  const sourceOf = async (key: string) => {
    const source = await store.source(key, { signal: options.signal });
    sources.push(source);
    return source;
  };
  const closeSources = async () => {
    for (const source of sources) await source.close?.();
  };
  try {
    const file = await openSafetensors(await sourceOf(main.key), {
      ...options,
      ...(shards.length > 0 && { shards: (name: string) => sourceOf(folderKey(step) + name) }),
    });
    return {
      file,
      close: async () => {
        await file.close();
        await closeSources();
      },
    };
  } catch (error) {
    await closeSources().catch(() => {}); // the error that led here is the one to see
    throw error;
  }
}

/**
 * What a step's header says of it.
 *
 * @returns `undefined` for a file that a manager did not write; with `error` for one that can't be read.
 */
export async function readStep(store: Store, entry: StepEntry): Promise<StepInfo | undefined> {
  const bytes = [entry.main, ...entry.shards].reduce((sum, { size }) => sum + size, 0);
  try {
    const { file, close } = await openStep(store, entry, { onWarning: () => {} });
    try {
      const { [STRUCTURE_KEY]: _structure, ...strings } = file.metadata;
      const info = readStepMetadata(strings);
      // The name decides: whoever renames a step means it.
      return info && { ...info, step: entry.step, bytes };
    } finally {
      await close();
    }
  } catch (error) {
    const time = new Date(entry.main.modified ?? 0);
    return { step: entry.step, metrics: {}, metadata: {}, time, bytes, error: broken(store, entry, error) };
  }
}

function broken(store: Store, { step, main }: StepEntry, cause: unknown): Pytree2SafetensorsError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = isPytree2SafetensorsError(cause) ? cause.code : "IoError";
  return new Pytree2SafetensorsError(code, `step ${step} can't be read: ${reason}`, {
    source: `${store.name ?? "store"}/${main.key}`,
    cause,
  });
}

/** Removes a step. What is left if the program dies meanwhile is no step any more, or still the whole one. */
export async function removeStep(store: Store, { main, shards }: StepEntry): Promise<void> {
  await store.remove(main.key);
  for (const { key } of shards) await store.remove(key);
}

/** Whether an entry has the form, one file or a folder, that a manager of such options writes. */
export function isSharded({ step, main }: StepEntry): boolean {
  return main.key !== fileKey(step);
}

/** The part of a store whose keys begin with a folder's name. */
export function inFolder(store: Store, folder: string): Store {
  return {
    name: `${store.name ?? "store"}/${folder}`,
    source: (key, options) => store.source(folder + key, options),
    sink: (key, options) => store.sink(folder + key, options),
    async *list(prefix = "") {
      for await (const file of store.list(folder + prefix))
        yield { ...file, key: file.key.slice(folder.length) };
    },
    remove: (key) => store.remove(folder + key),
  };
}
