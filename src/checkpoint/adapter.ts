import type { Awaitable } from "../base/types.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What is known of an array before its bytes are read. */
export interface ArrayInfo {
  /** The dtype, as safetensors names it. */
  readonly dtype: Dtype;
  /** The length of each dimension. */
  readonly shape: readonly number[];
}

/**
 * How a framework's arrays are read and made. Pass one as `{ arrays }` to any function, or use an entry
 * point that has it bound, as `pytree2safetensors/jax-js`.
 *
 * @typeParam A The framework's array type.
 */
export interface ArrayAdapter<A> {
  /** The framework's name, for messages. */
  readonly name: string;
  /** True where the framework pairs the leaves of dicts by position, so that the order of keys matters. */
  readonly ordered?: boolean;
  /** Whether `value` is one of the framework's arrays. */
  is(value: unknown): value is A;
  /** Dtype and shape, without reading data. */
  describe(array: A): ArrayInfo;
  /** The array's bytes, little-endian, in C order; the array stays usable. */
  read(array: A): Awaitable<Uint8Array>;
  /** The same at once, for {@link save}; left out where the framework can't. */
  readSync?(array: A): Uint8Array;
  /** An array of the tensor's values. The tensor's memory may be shared with others: copy it to keep it. */
  make(tensor: Tensor): Awaitable<A>;
  /** The same at once, for {@link load}; left out where the framework can't. */
  makeSync?(tensor: Tensor): A;
  /**
   * Takes hold of an array for the time of a save, without a copy: what it returns keeps its values until
   * {@link ArrayAdapter.release}, whatever the program does with its own array meanwhile. Called at the moment of the
   * call. Without it, the array must stay usable until the save has ended.
   */
  hold?(array: A): A;
  /** Lets go of what {@link ArrayAdapter.hold} returned, once it is written or the save has failed. */
  release?(held: A): void;
  /** Frees an array that was made and will not be used, because the call that made it failed. */
  dispose?(array: A): void;
}
