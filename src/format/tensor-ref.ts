// A tensor of a file: the one object that is carried from the header to the leaf.
import type { Dtype } from "../tensor/dtypes.ts";

/**
 * What a file says of one tensor, and where its bytes are.
 *
 * @typeParam F What stands for the file.
 */
export interface TensorRef<F = unknown> {
  readonly name: string;
  readonly dtype: Dtype;
  /** Frozen; tensors of equal shapes share one array. */
  readonly shape: readonly number[];
  /** The offset in the file of the first byte. */
  readonly start: number;
  /** The offset in the file after the last byte. */
  readonly end: number;
  readonly file: F;
}
