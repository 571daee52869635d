/** A tensor of a file: the one carrier of what is known of it, from the header to the leaf. */
import type { Dtype } from "../tensor/dtypes.ts";

/**
 * What a header says of a tensor, and where its bytes lie.
 *
 * @typeParam F The file that it is in: whatever the reader of the header calls a file.
 */
export interface TensorRef<F = unknown> {
  /** The name that the header has for it. */
  readonly name: string;
  readonly dtype: Dtype;
  /** The length of each dimension. Frozen, and shared by the tensors of equal shape. */
  readonly shape: readonly number[];
  /** The offset in the file of its first byte. */
  readonly start: number;
  /** The offset in the file behind its last byte. */
  readonly end: number;
  /** The file that it is in. */
  readonly file: F;
}
