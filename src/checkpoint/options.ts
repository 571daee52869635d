import { Pytree2SafetensorsError } from "../base/errors.ts";
import type { SourceOptions } from "../io/options.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import type { ArrayAdapter, ArrayInfo } from "./adapter.ts";
import type { OnProgress } from "./progress.ts";

/** What every call that makes or takes arrays knows. */
export interface ArraysOption<A> {
  /** The framework whose arrays the leaves are; without it they are {@link Tensor}s. */
  readonly arrays?: ArrayAdapter<A>;
}

/** Options of the calls that take a while. */
export interface LongCallOptions {
  /** Aborts the call: it rejects with the signal's reason and leaves nothing half-done. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the bytes done; see {@link Progress}. */
  readonly onProgress?: OnProgress;
}

/**
 * Which dtypes to convert while loading: one for all, one for each, or a choice by tensor. Tensors for
 * which it says nothing stay as they are.
 */
export type Cast =
  | Dtype
  | Partial<Record<Dtype, Dtype>>
  | ((name: string, info: ArrayInfo) => Dtype | undefined);

/**
 * Which tensors to load: key strings, each of which stands for itself and everything below it, or a choice by name. A
 * key string that stands for nothing is an error.
 */
export type Select = string | readonly string[] | ((name: string, info: ArrayInfo) => boolean);

/** Options of the calls that read tensors from a source. */
export interface ReadTensorsOptions extends LongCallOptions, SourceOptions {
  /** Loads these tensors only, in one planned pass. */
  readonly select?: Select;
  /** Converts dtypes while reading; the memory needed is the result and one chunk. */
  readonly cast?: Cast;
  /** Lets `cast` change values that the new dtype can't hold; without it such a value is a `LossyConversion` error. */
  readonly lossy?: boolean;
  /**
   * Memory to read a tensor into, exactly its bytes: called once for each tensor; `undefined` has new memory
   * allocated.
   */
  readonly into?: (name: string, info: ArrayInfo) => ArrayBufferView | undefined;
}

/** Refuses a word that an option does not know: taken for another one it would do something else in silence. */
export function requireChoice(option: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  const expected = choices.map((choice) => JSON.stringify(choice)).join(", ");
  throw new Pytree2SafetensorsError(
    "InvalidArgument",
    `${option} must be one of ${expected}, not ${JSON.stringify(value)}`,
    {
      expected,
      found: JSON.stringify(value),
    },
  );
}

/** Where warnings go that don't stop a call. */
export interface WarningOption {
  /** Called for what is odd but not fatal; `console.warn` by default. */
  readonly onWarning?: (error: Error) => void;
}

export function warn(options: WarningOption, error: Error): void {
  if (options.onWarning) options.onWarning(error);
  else console.warn(error.message);
}
