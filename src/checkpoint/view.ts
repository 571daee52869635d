import { arrayClass, type Dtype } from "../tensor/dtypes.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * A tensor over bytes of a buffer: a view where its alignment allows it, else a copy. Unlike
 * {@link Tensor.fromBytes} it needs no `Uint8Array` of all of them, which Node 20 does not have over 4 GiB.
 */
export function viewTensor(
  dtype: Dtype,
  shape: readonly number[],
  buffer: ArrayBufferLike,
  offset: number,
  byteLength: number,
): Tensor {
  const TypedArray = arrayClass(dtype);
  const width = TypedArray.BYTES_PER_ELEMENT;
  if (offset % width !== 0) return Tensor.fromBytes(dtype, shape, new Uint8Array(buffer, offset, byteLength));
  return new Tensor(dtype, shape, new TypedArray(buffer, offset, byteLength / width));
}
