/** How a framework's arrays are read and made: the interface that adapters implement. */
import type { Awaitable } from "../base/types.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What is known about an array before its bytes are read. */
export interface ArrayInfo {
  /** The dtype, by its name in safetensors. */
  readonly dtype: Dtype;
  /** The length of each dimension. */
  readonly shape: readonly number[];
}

/**
 * How a framework's arrays are read and made. Pass one as `{ arrays }` to any function, or use an entry
 * point that is bound to one, such as `pytree2safetensors/jax-js`.
 *
 * @typeParam A The framework's array type.
 */
export interface ArrayAdapter<A> {
  /** The framework's name, for messages. */
  readonly name: string;
  /** True if the framework pairs the leaves of dicts by position, so that the order of keys matters. */
  readonly ordered?: boolean;
  /** Whether `value` is one of the framework's arrays. */
  is(value: unknown): value is A;
  /** Dtype and shape, without reading data. */
  describe(array: A): ArrayInfo;
  /**
   * Keeps an array's memory alive for a save that continues after the call. Returns a new reference, or a clone that
   * shares the memory; the program may then free its own array. Without this method, arrays must live until the save ends.
   */
  hold?(array: A): A;
  /** Releases what {@link ArrayAdapter.hold} returned. Called once for each array, whether the save succeeds or fails. */
  release?(array: A): void;
  /** Returns the array's bytes, little-endian, in C order. The array stays usable. */
  read(array: A): Awaitable<Uint8Array>;
  /** Reads synchronously, for {@link save}. Leave it out if the framework can't. */
  readSync?(array: A): Uint8Array;
  /** Makes an array from a tensor. Other tensors may share the tensor's memory, so copy what you keep. */
  make(tensor: Tensor): Awaitable<A>;
  /** Makes an array synchronously, for {@link load}. Leave it out if the framework can't. */
  makeSync?(tensor: Tensor): A;
  /** Frees an array that won't be used because the call that made it failed. */
  dispose?(array: A): void;
}
