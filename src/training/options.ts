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
   * Which calls of `save` to carry out: those at multiples of a number of steps, those at least this many seconds after the
   * last one, or those for which a function returns true. All of them by default.
   */
  readonly saveEvery?: SaveEvery;
  /** Which steps to keep when a new one has been written. All of them by default. */
  readonly keep?: KeepRules<StepInfo>;
  /**
   * What to do with a save while another one is being written. With `"wait"`, the default, its promise resolves when its
   * turn comes, so training is never more than one tree ahead of the disk. With `"replace"`, its promise resolves at once,
   * and it replaces the save that was waiting.
   */
  readonly whenBusy?: WhenBusy;
  /**
   * Copies typed arrays and `Tensor`s when `save` is called, so that you can change them at once. True by default. If
   * false, don't change them until `wait` resolves. Framework arrays are never copied.
   */
  readonly snapshot?: boolean;
  /** Writes each step as a folder of shards with at most this many bytes each: `"5GB"`, `"500MiB"` or a number. */
  readonly maxShardSize?: string | number;
  /** Converts dtypes while writing, as `cast` of `savePytree` does, to save smaller checkpoints. */
  readonly cast?: Cast;
  /**
   * Called with each failure in the background, instead of throwing it from the next call. If this function throws, the
   * next `save`, `wait` or `close` throws its error.
   */
  readonly onError?: (error: Error, step: number) => void;
  /** Called when a later save replaces one that was waiting, with `{ whenBusy: "replace" }`. */
  readonly onReplaced?: (step: number, by: number) => void;
  /** Called regularly while a step is written. */
  readonly onProgress?: (progress: StepProgress) => void;
}

/** The progress of writing a step. */
export interface StepProgress {
  /** The step that is being written. */
  readonly step: number;
  /** The number of bytes written. */
  readonly loaded: number;
  /** The total number of bytes. */
  readonly total: number;
  /** The tensor that was written last. */
  readonly name: string;
}

/** Options of {@link CheckpointManager.save}. */
export interface SaveStepOptions extends LongCallOptions {
  /** The metrics of the step, by name, as used in `keep.best`. */
  readonly metrics?: Metrics;
  /** Strings to store beside the tree. */
  readonly metadata?: Metadata;
  /** Saves the step whatever `saveEvery` says, and replaces it if it exists. */
  readonly force?: boolean;
}

/** Options of {@link CheckpointManager.restore}. */
export interface RestoreOptions<A = Tensor>
  extends Omit<LoadPytreeOptions<A>, "arrays" | "withMetadata" | "into" | "shards">,
    Omit<LoadIntoPytreeOptions<A>, "arrays" | "into" | "shards"> {
  /** The step to restore; the newest by default. `"best"` is the best step by the manager's `keep.best`. */
  readonly step?: number | "latest" | "best";
  /** A tree to load into, as `loadIntoPytree` does. Without it, the tree is built from the file. */
  readonly into?: unknown;
  /**
   * With `into`, whether every leaf of the template and every tensor of the file must have a match. True by default, because
   * a training state that is only partly restored is easy to miss.
   */
  readonly strict?: boolean;
  /**
   * Where to cache what is read, for runs in a bucket or on a server: the path of a folder, an OPFS directory, or any
   * store. See `cachedStore`, and `trimCache` to limit its size.
   */
  readonly cached?: StoreInput | undefined;
  /**
   * What to do if the newest step can't be read. `"throw"`, the default, throws an error that names it. `"skip"` warns and
   * restores the newest step that can be read.
   */
  readonly onBroken?: "throw" | "skip";
}

/** What {@link CheckpointManager.restore} returns. */
export interface Restored<T> {
  /** The step that was restored. */
  readonly step: number;
  /** Its tree. */
  readonly tree: T;
  /** The metrics it was saved with. */
  readonly metrics: Metrics;
  /** The metadata strings it was saved with. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When it was saved. */
  readonly time: Date;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The options that are set. */
export function defined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
}
