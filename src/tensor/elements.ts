import { Pytree2SafetensorsError } from "../base/errors.ts";
import { type CastOptions, convertInto, requireCastable } from "./convert.ts";
import { newData } from "./data.ts";
import { arrayClass, type Dtype, type DtypeArray, requireDtype } from "./dtypes.ts";
import { floatsOf } from "./float-codes.ts";
import { isCodedFloat } from "./float-formats.ts";
import { flattenNested, type NestedValues } from "./nested.ts";
import { elementCount, spell } from "./size.ts";
import { dtypeOfTypedArray, type TypedArrayDtypes, typedArrayName } from "./typed-array.ts";

type ArrayName = keyof TypedArrayDtypes;

// What nested values become where no dtype is given: numbers and bigints are first gathered in full width.
const NARROWED: Partial<Record<Dtype, Dtype>> = { F64: "F32", U64: "I64" };

/** Any typed array, including `Float16Array`, which not every runtime has. */
export interface TypedArray {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly length: number;
  readonly [Symbol.toStringTag]: ArrayName;
}

/** The values that {@link Tensor.from} accepts. */
export type TensorValues = NestedValues<number> | NestedValues<boolean> | NestedValues<bigint> | TypedArray;

/** The dtype that {@link Tensor.from} gives to values of this type by default. */
export type DtypeOf<V> = V extends { readonly [Symbol.toStringTag]: infer Name extends ArrayName }
  ? TypedArrayDtypes[Name]
  : V extends NestedValues<number>
    ? "F32"
    : V extends NestedValues<bigint>
      ? "I64"
      : V extends NestedValues<boolean>
        ? "BOOL"
        : Dtype;

/** The JavaScript type of an element of a dtype. */
export type ElementOf<D extends Dtype> = D extends "BOOL"
  ? boolean
  : D extends "I64" | "U64"
    ? bigint
    : D extends "C64"
      ? [re: number, im: number]
      : number;

/** What a tensor is made of. */
interface Parts {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: DtypeArray;
}

/** Options of {@link Tensor.from}. */
export interface FromOptions<D extends Dtype = Dtype> extends CastOptions {
  /** The dtype to convert to. */
  readonly dtype?: D;
  /** The shape; by default that of the nested arrays, or `[length]` of the typed array. */
  readonly shape?: readonly number[];
}

/** Dtype, shape and data of {@link Tensor.from}'s values. */
export function gather(values: TensorValues, { dtype, shape, ...options }: FromOptions): Parts {
  const isArray = isTypedArray(values);
  const own = isArray ? fromTypedArray(values) : fromNested(values);
  if (dtype !== undefined) requireDtype(dtype);
  const to = dtype ?? (isArray ? own.dtype : NARROWED[own.dtype]) ?? own.dtype;
  // C64 comes as real parts, twice as many.
  const pair = to === "C64" ? 2 : 1;
  const whole = pair === 1 ? own.shape : isArray ? [values.length / 2] : own.shape.slice(0, -1);
  const found = shape ?? whole;
  const count = own.data.length;
  if (elementCount(found) * pair !== count) {
    const message = `${to}${spell(found)} is not made of ${count} values${pair === 2 ? ": C64 takes pairs [re, im]" : ""}`;
    throw new Pytree2SafetensorsError("InvalidTensor", message, {
      expected: `${elementCount(found) * pair} values`,
      found: `${count} values`,
    });
  }
  const part = pair === 2 ? "F32" : to;
  if (own.dtype === part) return { dtype: to, shape: found, data: own.data };
  const data = newData(to, found);
  convertInto(own.data, own.dtype, data, part, options);
  return { dtype: to, shape: found, data };
}

/** The elements as values of JavaScript. */
export function elementsOf<D extends Dtype>(dtype: D, data: DtypeArray<D>): ElementOf<D>[];
export function elementsOf(dtype: Dtype, data: DtypeArray): unknown[] {
  requireCastable(dtype, "F32");
  if (dtype === "C64") return listOf(data.length / 2, (i) => [data[2 * i], data[2 * i + 1]]);
  if (dtype === "BOOL") return listOf(data.length, (i) => data[i] !== 0);
  if (!isCodedFloat(dtype)) return listOf(data.length, (i) => data[i]);
  const floats = floatsOf(dtype, data);
  return listOf(floats.length, (i) => floats[i]);
}

// 3 times as fast as `Array.from(typedArray)`, which goes through the iterator.
function listOf<T>(length: number, at: (index: number) => T): T[] {
  const list: T[] = [];
  for (let i = 0; i < length; i++) list.push(at(i));
  return list;
}

function isTypedArray(value: TensorValues): value is TypedArray {
  return typedArrayName(value) !== undefined;
}

function fromTypedArray(values: TypedArray): Parts {
  const dtype = dtypeOfTypedArray(values)!;
  const TypedArray = arrayClass(dtype);
  // Float16Array and Uint8ClampedArray are looked at as the bits that they are.
  const data =
    typedArrayName(values) === TypedArray.name
      ? (values as DtypeArray)
      : new TypedArray(values.buffer, values.byteOffset, values.length);
  return { dtype, shape: [values.length], data };
}

function fromNested(nested: NestedValues<number> | NestedValues<boolean> | NestedValues<bigint>): Parts {
  const { shape, values } = flattenNested<number | boolean | bigint>(nested);
  const kind = values.length === 0 ? "number" : typeof values[0];
  const other = values.find((value) => typeof value !== kind);
  if (other !== undefined || !["number", "boolean", "bigint"].includes(kind)) {
    const found = other === undefined ? `a ${kind}` : `a ${kind} and a ${typeof other}`;
    const message = `a tensor is made from only numbers, only booleans or only bigints, found ${found}`;
    throw new Pytree2SafetensorsError("InvalidTensor", message, { expected: "values of one kind", found });
  }
  if (kind === "boolean") return { dtype: "BOOL", shape, data: Uint8Array.from(values as boolean[], Number) };
  if (kind === "number") return { dtype: "F64", shape, data: Float64Array.from(values as number[]) };
  return { ...wideData(values as bigint[]), shape };
}

// Typed arrays would wrap around without a word.
function wideData(values: bigint[]): Omit<Parts, "shape"> {
  const beyond = values.find((value) => BigInt.asIntN(64, value) !== value);
  if (beyond === undefined) return { dtype: "I64", data: BigInt64Array.from(values) };
  if (values.every((value) => BigInt.asUintN(64, value) === value)) {
    return { dtype: "U64", data: BigUint64Array.from(values) };
  }
  const message = `neither I64 nor U64 can hold ${beyond} together with the other values`;
  throw new Pytree2SafetensorsError("LossyConversion", message, {
    expected: "64-bit integers",
    found: `${beyond}`,
  });
}
