// What a manager is told when it is opened, and by each call.

import type { LoadIntoPytreeOptions } from "../checkpoint/load-into-pytree.ts";
import type { LoadPytreeOptions } from "../checkpoint/load-pytree.ts";
import type { Metadata } from "../checkpoint/metadata.ts";
import type { ArraysOption, Cast, LongCallOptions, WarningOption } from "../checkpoint/options.ts";
import type { SavePytreeOptions } from "../checkpoint/save-pytree.ts";
import type { StoreInput } from "../io/open-store.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { KeepRules, Metrics, SaveEvery } from "./policy.ts";
import type { WhenBusy } from "./queue.ts";
import type { StepInfo } from "./step-info.ts";

/** Options of {@link CheckpointManager.open}. */
export interface CheckpointManagerOptions<A = Tensor>
  extends ArraysOption<A>,
    WarningOption,
    Pick<SavePytreeOptions<A>, "structure" | "objects" | "ordered" | "like" | "isLeaf" | "keys" | "maxDepth">,
    Pick<SavePytreeOptions<A>, "lossy" | "overflow">,
    Pick<LoadPytreeOptions<A>, "attributes">,
    Pick<LoadIntoPytreeOptions<A>, "match"> {
  /**
   * Which calls of `save` are taken: those at multiples of a number of steps, those that come so many seconds after the
   * last one, or those for which a function returns true. All of them by default.
   */
  readonly saveEvery?: SaveEvery;
  /** Which steps stay when a new one has been written. All of them by default. */
  readonly keep?: KeepRules<StepInfo>;
  /**
   * What happens to a save that comes while one is being written: with `"wait"`, the default, its promise resolves when
   * its own turn comes, so that training never runs ahead of the disk by more than one tree; with `"replace"` it takes
   * the place of the one that waited, and its promise resolves at once.
   */
  readonly whenBusy?: WhenBusy;
  /**
   * Copies typed arrays and `Tensor`s when `save` is called, so that the program may change them at once. True by
   * default; without it such memory must stay as it is until `wait` resolves. Arrays of frameworks are never copied.
   */
  readonly snapshot?: boolean;
  /** Writes each step as a folder of shards of at most so many bytes: `"5GB"`, `"500MiB"` or a number. */
  readonly maxShardSize?: string | number;
  /** Converts dtypes while writing, as `cast` of `loadPytree` does while reading: for small copies of a run. */
  readonly cast?: Cast;
  /**
   * Called with each failure in the background, which is then not thrown by the next call. If it throws an error, the
   * next `save`, `wait` or `close` throws that error.
   */
  readonly onError?: (error: Error, step: number) => void;
  /** Called when a later save replaces one that was waiting, under `{ whenBusy: "replace" }`. */
  readonly onReplaced?: (step: number, by: number) => void;
  /** Called now and then while a step is written. */
  readonly onProgress?: (progress: StepProgress) => void;
}

/** How far the write of a step is. */
export interface StepProgress {
  /** The step that is being written. */
  readonly step: number;
  /** Bytes written. */
  readonly loaded: number;
  /** Bytes to write in all. */
  readonly total: number;
  /** The tensor that was just written. */
  readonly name: string;
}

/** Options of {@link CheckpointManager.save}. */
export interface SaveStepOptions extends LongCallOptions {
  /** The numbers that the step is judged by, as `keep.best` names them. */
  readonly metrics?: Metrics;
  /** Strings to write beside the tree. */
  readonly metadata?: Metadata;
  /** Takes the step whatever `saveEvery` says, and replaces it if it exists. */
  readonly force?: boolean;
}

/** Options of {@link CheckpointManager.restore}. */
export interface RestoreOptions<A = Tensor>
  extends Omit<LoadPytreeOptions<A>, "arrays" | "withMetadata" | "into" | "shards">,
    Omit<LoadIntoPytreeOptions<A>, "arrays" | "into" | "shards"> {
  /** The step to restore; the newest by default. `"best"` is the best by the manager's `keep.best`. */
  readonly step?: number | "latest" | "best";
  /** A tree to load into, as `loadIntoPytree` does. Without it, the tree is built from the file. */
  readonly into?: unknown;
  /**
   * With `into`: whether every leaf of the template and every tensor of the file must have its match. True by default,
   * because nobody would notice a training state that is only partly restored.
   */
  readonly strict?: boolean;
  /**
   * Where to keep what is read, for the next restore: a folder's path, a browser's folder or any store. For runs in a
   * bucket or on a server; see `cachedStore`, and `trimCache` to bound it.
   */
  readonly cached?: StoreInput | undefined;
  /**
   * What happens if the newest step can't be read: it is an error that names it, or, with `"skip"`, a warning, and the
   * next one that can be read is restored.
   */
  readonly onBroken?: "throw" | "skip";
}

/** What {@link CheckpointManager.restore} gives. */
export interface Restored<T> {
  /** The step that was restored. */
  readonly step: number;
  /** Its tree. */
  readonly tree: T;
  /** The metrics that it was saved with. */
  readonly metrics: Metrics;
  /** The metadata strings that it was saved with. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When it was saved. */
  readonly time: Date;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The options that are set. */
export function defined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
}
