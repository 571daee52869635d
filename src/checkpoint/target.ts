/** Memory for a tensor that is about to be read. */
import { invalidArgument } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { arrayClass, type Dtype } from "../tensor/dtypes.ts";
import { byteLengthOf } from "../tensor/size.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * A tensor to read into: over the memory that the caller gave, else over fresh memory. It is made before anything is
 * read, because what this runtime can't hold is not worth reading.
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
    if (!ArrayBuffer.isView(into)) throw invalidArgument("into", "a typed array or a view of memory", into);
    if (into.byteLength === bytes && into.byteOffset % width === 0) {
      return Tensor.fromBuffer(dtype, shape, into.buffer, into.byteOffset, bytes);
    }
    const found = `${into.byteLength} bytes at offset ${into.byteOffset}`;
    const message = `tensor ${quote(name)} has ${bytes} bytes, the memory given by "into" has ${found}; the offset must be a multiple of ${width}`;
    throw new Pytree2SafetensorsError("InvalidArgument", message, {
      tensor: name,
      expected: `${bytes} bytes`,
      found,
    });
  }
  try {
    return new Tensor(dtype, shape, new TypedArray(bytes / width));
  } catch (cause) {
    const message = `tensor ${quote(name)}: this runtime has no array of ${bytes} bytes; read it with slice() or stream()`;
    throw new Pytree2SafetensorsError("TooLarge", message, {
      tensor: name,
      expected: `${bytes} bytes`,
      cause,
    });
  }
}

/** Refuses memory that two tensors of one call would be read into. */
export function refuseSharedMemory(
  targets: readonly { readonly name: string; readonly as: { readonly into?: ArrayBufferView | undefined } }[],
): void {
  const taken = new Map<ArrayBufferLike, { name: string; end: number }>();
  const views = targets.flatMap(({ name, as: { into } }) => (into?.byteLength ? [{ name, into }] : []));
  for (const { name, into } of views.sort((a, b) => a.into.byteOffset - b.into.byteOffset)) {
    const before = taken.get(into.buffer);
    if (before !== undefined && into.byteOffset < before.end) {
      const message = `"into" gives the tensors ${quote(before.name)} and ${quote(name)} the same memory: give each its own`;
      throw new Pytree2SafetensorsError("InvalidArgument", message, {
        tensor: name,
        expected: "memory of its own",
        found: `memory of ${quote(before.name)}`,
      });
    }
    taken.set(into.buffer, { name, end: into.byteOffset + into.byteLength });
  }
}
