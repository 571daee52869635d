import { Pytree2SafetensorsError } from "../base/errors.ts";
import { arrayClass, type Dtype, isDtype } from "../tensor/dtypes.ts";
import { byteLengthOf } from "../tensor/size.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * A tensor to read into: over the memory that the caller gave, else over fresh memory. It is made before anything is
 * read, for what this runtime can't hold is not worth reading.
 *
 * @throws `InvalidArgument` where the memory given is not the tensor's bytes or not aligned to its elements; `TooLarge`.
 */
export function targetTensor(
  name: string,
  dtype: Dtype,
  shape: readonly number[],
  into: ArrayBufferView | null | undefined,
): Tensor {
  const bytes = byteLengthOf(dtype, shape);
  const TypedArray = arrayClass(dtype);
  const width = TypedArray.BYTES_PER_ELEMENT;
  if (into) {
    if (into.byteLength === bytes && into.byteOffset % width === 0) {
      return Tensor.fromBuffer(dtype, shape, into.buffer, into.byteOffset, bytes);
    }
    const found = `${into.byteLength} bytes at offset ${into.byteOffset}`;
    throw new Pytree2SafetensorsError(
      "InvalidArgument",
      `tensor ${JSON.stringify(name)} has ${bytes} bytes, the memory given by "into" has ${found}; the offset must be a multiple of ${width}`,
      { tensor: name, expected: `${bytes} bytes`, found },
    );
  }
  try {
    return new Tensor(dtype, shape, new TypedArray(bytes / width));
  } catch (cause) {
    throw new Pytree2SafetensorsError(
      "TooLarge",
      `tensor ${JSON.stringify(name)}: this runtime has no array of ${bytes} bytes; read it with slice() or stream()`,
      { tensor: name, expected: `${bytes} bytes`, cause },
    );
  }
}

/** Refuses what is no dtype: a cast comes from options, and from programs without types. */
export function requireDtype(dtype: Dtype): Dtype {
  if (isDtype(dtype)) return dtype;
  throw new Pytree2SafetensorsError(
    "UnsupportedDtype",
    `can't cast to ${JSON.stringify(dtype)}: it is no dtype of the format`,
    {
      found: String(dtype),
    },
  );
}
