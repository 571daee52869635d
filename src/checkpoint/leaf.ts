import { Pytree2SafetensorsError } from "../base/errors.ts";
import type { Awaitable } from "../base/types.ts";
import { DTYPES, type Dtype } from "../tensor/dtypes.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ArrayAdapter, ArrayInfo } from "./adapter.ts";
import { LazyTensor } from "./lazy.ts";

/** The dtype that a typed array's elements are stored as, by the class's name (realms differ in identity). */
const TYPED_ARRAY_DTYPES: Readonly<Record<string, Dtype>> = {
  Int8Array: "I8",
  Uint8Array: "U8",
  Uint8ClampedArray: "U8",
  Int16Array: "I16",
  Uint16Array: "U16",
  Float16Array: "F16",
  Int32Array: "I32",
  Uint32Array: "U32",
  Float32Array: "F32",
  Float64Array: "F64",
  BigInt64Array: "I64",
  BigUint64Array: "U64",
};

const SCALAR: readonly number[] = [];
const NUMBER: ArrayInfo = { dtype: "F64", shape: SCALAR };
const BOOLEAN: ArrayInfo = { dtype: "BOOL", shape: SCALAR };
const SIGNED: ArrayInfo = { dtype: "I64", shape: SCALAR };
const UNSIGNED: ArrayInfo = { dtype: "U64", shape: SCALAR };

/** Whether `value` holds elements: a tensor, a typed array or one of the adapter's arrays. */
export function isArrayLeaf(value: unknown, adapter: ArrayAdapter<unknown> | undefined): boolean {
  return (
    value instanceof Tensor ||
    value instanceof LazyTensor ||
    typedArrayDtype(value) !== undefined ||
    adapter?.is(value) === true
  );
}

/** The dtype of a typed array's elements; `undefined` for anything else. */
export function typedArrayDtype(value: unknown): Dtype | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  return TYPED_ARRAY_DTYPES[(value as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? ""];
}

/**
 * Dtype and shape of a leaf: a tensor, a typed array (1-d), a number (0-d F64), a boolean (0-d BOOL), a
 * bigint (0-d I64, U64 from 2^63) or one of the adapter's arrays. `undefined` for anything else.
 */
export function leafInfo(leaf: unknown, adapter: ArrayAdapter<unknown> | undefined): ArrayInfo | undefined {
  if (adapter?.is(leaf)) return adapter.describe(leaf);
  if (leaf instanceof Tensor || leaf instanceof LazyTensor) return leaf;
  switch (typeof leaf) {
    case "number":
      return NUMBER;
    case "boolean":
      return BOOLEAN;
    case "bigint":
      return BigInt.asIntN(64, leaf) === leaf
        ? SIGNED
        : BigInt.asUintN(64, leaf) === leaf
          ? UNSIGNED
          : undefined;
    case "object": {
      const dtype = typedArrayDtype(leaf);
      return dtype && { dtype, shape: [(leaf as Uint8Array).length] };
    }
    default:
      return undefined;
  }
}

/** Like {@link leafInfo}, with an error that names the leaf where it can't be saved. */
export function requireLeafInfo(
  leaf: unknown,
  adapter: ArrayAdapter<unknown> | undefined,
  name: string,
  where: () => string,
): ArrayInfo {
  const info = leafInfo(leaf, adapter);
  if (info !== undefined) return info;
  const keyPath = where();
  const found = describeValue(leaf);
  const wayOut =
    typeof leaf === "bigint"
      ? "integers must fit 64 bits: save it as a string"
      : adapter === undefined
        ? "register its class, filter it out, make it a static field of a dataclass, or pass { arrays } for a framework's arrays"
        : "register its class, filter it out, or make it a static field of a dataclass";
  throw new Pytree2SafetensorsError(
    "UnsupportedLeaf",
    `the leaf at ${keyPath || "the root"} is ${found}, which no tensor can hold; ${wayOut}`,
    { tensor: name, keyPath, expected: `a tensor, a typed array, a number, a bigint or a boolean`, found },
  );
}

/** What a value is, in a few words for a message. */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === "bigint") return `the bigint ${value}`;
  if (typeof value !== "object") return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an object";
}

/** The bytes of a leaf that {@link leafInfo} knows, little-endian and in C order. */
export function readLeaf(
  leaf: unknown,
  info: ArrayInfo,
  adapter: ArrayAdapter<unknown> | undefined,
): Awaitable<ArrayBufferView> {
  if (adapter?.is(leaf)) return adapter.read(leaf);
  if (leaf instanceof LazyTensor) return leaf.load().then((tensor) => tensor.data);
  return readPlainLeaf(leaf, info);
}

/** The synchronous form of {@link readLeaf}. */
export function readLeafSync(
  leaf: unknown,
  info: ArrayInfo,
  adapter: ArrayAdapter<unknown> | undefined,
  name: string,
): ArrayBufferView {
  if (adapter?.is(leaf)) {
    if (adapter.readSync) return adapter.readSync(leaf);
    throw new Pytree2SafetensorsError(
      "AsyncAdapter",
      `the adapter ${JSON.stringify(adapter.name)} has no readSync, so save() can't read ${JSON.stringify(name)} at once; use saveFile()`,
      { tensor: name },
    );
  }
  if (leaf instanceof LazyTensor) {
    throw new Pytree2SafetensorsError(
      "AsyncAdapter",
      `${JSON.stringify(name)} is lazy and save() can't wait for it; use saveFile(), or load() the leaf first`,
      { tensor: name },
    );
  }
  return readPlainLeaf(leaf, info);
}

function readPlainLeaf(leaf: unknown, info: ArrayInfo): ArrayBufferView {
  if (leaf instanceof Tensor) return leaf.data;
  if (typeof leaf === "object") return leaf as ArrayBufferView;
  const data = new DTYPES[info.dtype].array(1);
  data[0] = (typeof leaf === "boolean" ? Number(leaf) : leaf) as never;
  return data;
}
