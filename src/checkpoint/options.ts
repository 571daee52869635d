/** Options that several calls share. */
import type { SourceInput } from "../io/open-source.ts";
import type { SourceOptions } from "../io/options.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import type { ArrayAdapter, ArrayInfo } from "./adapter.ts";
import type { OnProgress } from "./progress.ts";

/** The option of every call that takes or makes arrays. */
export interface ArraysOption<A> {
  /** The framework whose arrays the leaves are. Without it, they are {@link Tensor}s. */
  readonly arrays?: ArrayAdapter<A>;
}

/** Options of the calls that take a while. */
export interface LongCallOptions {
  /** Aborts the call: it rejects with the signal's reason and leaves nothing half-done. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the bytes done; see {@link Progress}. */
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Which dtypes to convert: one for all tensors, one for each dtype, or a choice by tensor. Tensors for which it says
 * nothing stay as they are.
 */
export type Cast =
  | Dtype
  | Partial<Record<Dtype, Dtype>>
  | ((name: string, info: ArrayInfo) => Dtype | undefined);

/** Options of the calls that convert dtypes. */
export interface CastingOptions extends WarningOption {
  /** Converts dtypes on the way. The memory needed is the result and one chunk. */
  readonly cast?: Cast;
  /** Lets `cast` change values that the new dtype can't hold. Without it, such a value is a `LossyConversion` error. */
  readonly lossy?: boolean;
  /**
   * What happens when a finite float becomes infinity or NaN in the new dtype: `"warn"`, the default, calls
   * `onWarning` once for each tensor with the count and the largest value; `"error"` throws `LossyConversion`;
   * `"ignore"` does nothing.
   */
  readonly overflow?: "warn" | "error" | "ignore";
}

/**
 * Which tensors to load: key strings, each of which stands for itself and everything below it, or a choice by name. A
 * key string that stands for nothing is an error.
 */
export type Select = string | readonly string[] | ((name: string, info: ArrayInfo) => boolean);

/** Options of the calls that read tensors from a source. */
export interface ReadTensorsOptions extends LongCallOptions, SourceOptions, CastingOptions {
  /** Loads these tensors only, in one planned pass. */
  readonly select?: Select;
  /** Loads tied weights under all their names, not only under the one that is stored; see {@link SafetensorsFile.aliases}. */
  readonly aliases?: boolean;
  /**
   * Memory to read a tensor into, exactly its bytes: called once for each tensor. For `undefined`, new memory is
   * allocated.
   */
  readonly into?: (name: string, info: ArrayInfo) => ArrayBufferView | undefined;
}

/** Options of {@link openSafetensors}, and of every call that opens a source. */
export interface OpenOptions extends SourceOptions, WarningOption {
  /**
   * Where the files of a sharded checkpoint are, by the names that its index has for them. Paths, URLs and stores
   * need none: their files lie beside the index.
   */
  readonly shards?: (fileName: string) => SourceInput | Promise<SourceInput>;
}

/** Where warnings go that don't stop a call. */
export interface WarningOption {
  /** Called with problems that don't stop the call; `console.warn` by default. */
  readonly onWarning?: (error: Error) => void;
}

/** Gives a warning to whoever wants it. */
export function warn(options: WarningOption, error: Error): void {
  if (options.onWarning) options.onWarning(error);
  else console.warn(error.message);
}
