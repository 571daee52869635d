/** What is known of a typed array of any realm: its class, its dtype, whether its memory is still there. */
import type { Dtype } from "./dtypes.ts";

// The dtype of each class of typed arrays, by the class's own name.
const DTYPE_OF_CLASS = {
  Uint8Array: "U8",
  Uint8ClampedArray: "U8",
  Int8Array: "I8",
  Int16Array: "I16",
  Uint16Array: "U16",
  Float16Array: "F16",
  Int32Array: "I32",
  Uint32Array: "U32",
  Float32Array: "F32",
  Float64Array: "F64",
  BigInt64Array: "I64",
  BigUint64Array: "U64",
} as const satisfies Record<string, Dtype>;

/** The dtype that each class of typed arrays stands for, by the class's name. */
export type TypedArrayDtypes = typeof DTYPE_OF_CLASS;

const prototype = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
const nameOf = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)!.get!;
const { at } = prototype;

/**
 * The name of the typed array's class, or `undefined` for anything else (a `DataView` too). It asks the engine
 * itself, which `instanceof` doesn't: arrays of another realm (a frame, a worker's `vm`) have other classes.
 */
export function typedArrayName(value: unknown): keyof TypedArrayDtypes | undefined {
  // Nearly everything that is asked for is no view at all, which compiled code tells without a call.
  return ArrayBuffer.isView(value) ? nameOf.call(value) : undefined;
}

/** The dtype of a typed array's elements, or `undefined` for anything else. */
export function dtypeOfTypedArray(value: unknown): Dtype | undefined {
  const name = typedArrayName(value);
  return name && DTYPE_OF_CLASS[name];
}

/** Whether a typed array has lost its memory: its buffer was transferred, or is resizable and shrank below it. */
export function isGone(array: ArrayBufferView): boolean {
  if (array.byteLength > 0) return false;
  try {
    // Every method of typed arrays throws for such an array; its length alone is 0, as an empty one's.
    at.call(array as Uint8Array, 0);
    return false;
  } catch {
    return true;
  }
}
