/** The data of a tensor: made anew, checked, viewed in bytes, compared. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";
import { arrayClass, type Dtype, type DtypeArray, requireDtype, type TypedArrayClass } from "./dtypes.ts";
import { byteLengthOf, spell } from "./size.ts";
import { typedArrayName } from "./typed-array.ts";

/** How many entries of its typed array the data of a tensor has. */
export function dataLength(dtype: Dtype, shape: readonly number[]): number {
  return byteLengthOf(dtype, shape) / arrayClass(dtype).BYTES_PER_ELEMENT;
}

/** Fresh data of a tensor, all zeros. */
export function newData<D extends Dtype>(dtype: D, shape: readonly number[]): DtypeArray<D> {
  const TypedArray = arrayClass(dtype);
  return new TypedArray(dataLength(dtype, shape));
}

/** Throws unless `data` is of the dtype's typed array, and as long as the shape needs. */
export function requireData(dtype: Dtype, shape: readonly number[], data: DtypeArray): void {
  requireDtype(dtype);
  const { name } = arrayClass(dtype);
  const length = dataLength(dtype, shape);
  const found = typedArrayName(data) ?? describeValue(data);
  if (found === name && data.length === length) return;
  const expected = `${name} of length ${length}`;
  throw unfitData(dtype, shape, expected, found === name ? `length ${data.length}` : found);
}

/** Bytes of a buffer as data: a view where they are aligned for the dtype, otherwise a copy. Throws unless they fit. */
export function dataOfBytes<D extends Dtype>(
  dtype: D,
  shape: readonly number[],
  buffer: ArrayBufferLike,
  byteOffset: number,
  byteLength: number,
): DtypeArray<D> {
  requireDtype(dtype);
  const needed = byteLengthOf(dtype, shape);
  const there = Math.min(byteLength, buffer.byteLength - byteOffset);
  if (needed !== byteLength || needed > there)
    throw unfitData(dtype, shape, `${needed} bytes`, `${there} bytes`);
  const TypedArray = arrayClass(dtype);
  const width = TypedArray.BYTES_PER_ELEMENT;
  return byteOffset % width === 0
    ? new TypedArray(buffer, byteOffset, needed / width)
    : new TypedArray(buffer.slice(byteOffset, byteOffset + needed), 0, needed / width);
}

/** The error of data that dtype and shape don't fit. */
export function unfitData(
  dtype: Dtype,
  shape: readonly number[],
  expected: string,
  found: string,
): Pytree2SafetensorsError {
  const message = `${dtype}${spell(shape)} needs data of ${expected}, found ${found}`;
  return new Pytree2SafetensorsError("InvalidTensor", message, { expected, found });
}

// Node 20 has no Uint8Array over 4 GiB, and comparing words is 4 times as fast as comparing bytes.
const COMPARED_AT_ONCE = 2 ** 30;

/** Whether every byte is equal. */
export function sameBytes(a: DtypeArray, b: DtypeArray): boolean {
  if (a.buffer === b.buffer && a.byteOffset === b.byteOffset) return true;
  const TypedArray: TypedArrayClass<Int32Array | Uint8Array> =
    (a.byteOffset | b.byteOffset | (a.byteLength % 4)) % 4 === 0 ? Int32Array : Uint8Array;
  for (let start = 0; start < a.byteLength; start += COMPARED_AT_ONCE) {
    const length = Math.min(a.byteLength - start, COMPARED_AT_ONCE) / TypedArray.BYTES_PER_ELEMENT;
    const x = new TypedArray(a.buffer, a.byteOffset + start, length);
    const y = new TypedArray(b.buffer, b.byteOffset + start, length);
    for (let i = 0; i < length; i++) if (x[i] !== y[i]) return false;
  }
  return true;
}
