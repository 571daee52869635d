/** Options that several calls share. */
import type { SourceInput } from "../io/open-source.ts";
import type { SourceOptions } from "../io/options.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import type { ArrayAdapter, ArrayInfo } from "./adapter.ts";
import type { OnProgress } from "./progress.ts";

/** The option of every call that accepts or returns arrays. */
export interface ArraysOption<A> {
  /** The adapter of the framework whose arrays the leaves are. Without it, leaves are {@link Tensor}s. */
  readonly arrays?: ArrayAdapter<A>;
}

/** Options of calls that can take a while. */
export interface LongCallOptions {
  /** Aborts the call. It rejects with the signal's reason and leaves nothing half-done. */
  readonly signal?: AbortSignal | undefined;
  /** Called regularly with the number of bytes done; see {@link Progress}. */
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Which dtypes to convert to: one dtype for all tensors, a map from dtype to dtype, or a function that decides for each
 * tensor. All other tensors keep their dtype.
 */
export type Cast =
  | Dtype
  | Partial<Record<Dtype, Dtype>>
  | ((name: string, info: ArrayInfo) => Dtype | undefined);

/** Options of calls that convert dtypes. */
export interface CastingOptions extends WarningOption {
  /** Converts dtypes while reading or writing. This needs memory for the result and one chunk. */
  readonly cast?: Cast;
  /** Lets `cast` change values that the new dtype can't hold. Without it, such a value throws `LossyConversion`. */
  readonly lossy?: boolean;
  /**
   * What happens when a finite float becomes infinity or NaN in the new dtype: `"warn"`, the default, calls
   * `onWarning` once for each tensor with the count and the largest value; `"error"` throws `LossyConversion`;
   * `"ignore"` does nothing.
   */
  readonly overflow?: "warn" | "error" | "ignore";
}

/**
 * Which tensors to load: one or more key strings, or a function that decides for each tensor. A key string selects its
 * tensor and everything below it, and throws `TensorNotFound` if it matches nothing.
 */
export type Select = string | readonly string[] | ((name: string, info: ArrayInfo) => boolean);

/** Options of calls that read tensors from a source. */
export interface ReadTensorsOptions extends LongCallOptions, SourceOptions, CastingOptions {
  /** Loads only these tensors. */
  readonly select?: Select;
  /** Loads tied weights under all of their names, not only the one that is stored; see {@link SafetensorsFile.aliases}. */
  readonly aliases?: boolean;
  /**
   * Returns the memory to read a tensor into, exactly as long as the tensor. Called once for each tensor. Return
   * `undefined` to allocate new memory.
   */
  readonly into?: (name: string, info: ArrayInfo) => ArrayBufferView | undefined;
}

/** Options of {@link openSafetensors}, and of every call that opens a source. */
export interface OpenOptions extends SourceOptions, WarningOption {
  /**
   * Finds the files of a sharded checkpoint by their names in the index. Not needed for paths, URLs and stores, whose
   * files are beside the index.
   */
  readonly shards?: (fileName: string) => SourceInput | Promise<SourceInput>;
}

/** The option that receives warnings. */
export interface WarningOption {
  /** Called with each problem that doesn't stop the call; `console.warn` by default. */
  readonly onWarning?: (error: Error) => void;
}

/** Gives a warning to whoever wants it. */
export function warn(options: WarningOption, error: Error): void {
  if (options.onWarning) options.onWarning(error);
  else console.warn(error.message);
}
