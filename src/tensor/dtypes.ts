import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";

/**
 * The element types of the format, in the order of the reference implementation's `Dtype` enum. Its serializer sorts
 * tensors by this order (descending). `bits` is the width of an element. `array` is the typed array that holds the
 * elements, as raw bits if JavaScript has no such number.
 */
export const DTYPES = {
  BOOL: { bits: 8, array: Uint8Array },
  F4: { bits: 4, array: Uint8Array },
  F6_E2M3: { bits: 6, array: Uint8Array },
  F6_E3M2: { bits: 6, array: Uint8Array },
  U8: { bits: 8, array: Uint8Array },
  I8: { bits: 8, array: Int8Array },
  F8_E5M2: { bits: 8, array: Uint8Array },
  F8_E4M3: { bits: 8, array: Uint8Array },
  F8_E8M0: { bits: 8, array: Uint8Array },
  F8_E4M3FNUZ: { bits: 8, array: Uint8Array },
  F8_E5M2FNUZ: { bits: 8, array: Uint8Array },
  I16: { bits: 16, array: Int16Array },
  U16: { bits: 16, array: Uint16Array },
  F16: { bits: 16, array: Uint16Array },
  BF16: { bits: 16, array: Uint16Array },
  I32: { bits: 32, array: Int32Array },
  U32: { bits: 32, array: Uint32Array },
  F32: { bits: 32, array: Float32Array },
  C64: { bits: 64, array: Float32Array },
  F64: { bits: 64, array: Float64Array },
  I64: { bits: 64, array: BigInt64Array },
  U64: { bits: 64, array: BigUint64Array },
} as const;

/** The name of an element type, as it appears in files. */
export type Dtype = keyof typeof DTYPES;

/** The typed array that holds a dtype's elements, over an `ArrayBuffer` or a `SharedArrayBuffer`. */
export type DtypeArray<D extends Dtype = Dtype> = (typeof DTYPES)[D]["array"]["prototype"];

/** All dtypes, in the reference implementation's order. */
export const DTYPE_NAMES = Object.keys(DTYPES) as readonly Dtype[];

/** Whether `name` is a dtype of the format. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(DTYPES, name);
}

/** Refuses what is not a dtype of the format with `UnsupportedDtype`. */
export function requireDtype<D extends Dtype>(dtype: D): D {
  if (isDtype(dtype)) return dtype;
  const found = describeValue(dtype);
  throw new Pytree2SafetensorsError("UnsupportedDtype", `${found} is not a dtype of the format`, {
    expected: `one of ${DTYPE_NAMES.join(", ")}`,
    found,
  });
}

/** How typed arrays of one class are made: so many zeros, a copy of elements, a view of memory. */
export interface TypedArrayClass<A> {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (length: number): A;
  new (elements: ArrayLike<number> | ArrayLike<bigint>): A;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
}

/** The class of the typed arrays that hold a dtype's elements. */
export function arrayClass<D extends Dtype>(dtype: D): TypedArrayClass<DtypeArray<D>> {
  return DTYPES[dtype].array as TypedArrayClass<DtypeArray<D>>;
}

/** Entries of its typed array that an element takes: 2 for C64, half a one for F4, else 1 (F6: three quarters). */
export function lanes(dtype: Dtype): number {
  const { bits, array } = DTYPES[dtype];
  return bits / (8 * array.BYTES_PER_ELEMENT);
}
