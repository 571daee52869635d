/** What a leaf is: asked once, at the call, and carried from there on as a value. */
import { amendError, isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue, messageOf, quote } from "../base/quote.ts";
import type { Awaitable } from "../base/types.ts";
import { DTYPES, type Dtype } from "../tensor/dtypes.ts";
import { byteLengthOf } from "../tensor/size.ts";
import { Tensor } from "../tensor/tensor.ts";
import { dtypeOfTypedArray, isGone } from "../tensor/typed-array.ts";
import type { ArrayAdapter, ArrayInfo } from "./adapter.ts";
import type { StreamOptions } from "./file.ts";
import { LazyTensor } from "./lazy.ts";

/** How leaves of one kind are described, kept and read. */
export interface LeafCodec<T> {
  /** Dtype and shape. Throws for memory that went away. */
  describe(value: T): ArrayInfo;
  /** What the save reads later: the value itself, or what stays when the program changes or frees its own. */
  hold(value: T, snapshot: boolean): T;
  /** Lets go of what was held. */
  release?(held: T): void;
  /** Whether the leaf is a scalar of JavaScript, which no cast changes. */
  readonly scalar?: boolean;
  /** Whether the bytes that it gives stay as they are until the save ends, so that they need not be copied. */
  readonly stays?: boolean;
  /** The bytes, little-endian and in C order. */
  read(held: T, info: ArrayInfo): Awaitable<ArrayBufferView>;
  /** The same without waiting; `undefined` where that is impossible. */
  readSync?(held: T, info: ArrayInfo): ArrayBufferView;
  /** Why there is no {@link LeafCodec.readSync}, and what to do. */
  readonly async?: string;
  /** The bytes piece by piece, in the dtype asked for, where they need not be in memory whole. */
  stream?(held: T, options: StreamOptions): AsyncIterable<Uint8Array>;
}

/** A value that becomes a tensor, and the codec of its kind. */
export class Leaf<T = unknown> {
  readonly value: T;
  readonly codec: LeafCodec<T>;

  constructor(value: T, codec: LeafCodec<T>) {
    this.value = value;
    this.codec = codec;
  }
}

const TENSOR: LeafCodec<Tensor> = {
  describe(tensor) {
    const expected = byteLengthOf(tensor.dtype, tensor.shape);
    if (tensor.data.byteLength !== expected) throw gone(expected, tensor.data.byteLength);
    return tensor;
  },
  hold: (tensor, snapshot) => (snapshot ? tensor.copy() : tensor),
  stays: true,
  read: (tensor) => tensor.data,
  readSync: (tensor) => tensor.data,
};

const LAZY: LeafCodec<LazyTensor> = {
  describe: (lazy) => lazy,
  hold: (lazy) => lazy,
  read: async (lazy) => (await lazy.load()).data,
  async: "the leaf is lazy: load() it first, or use saveFile()",
  stream: (lazy, options) => lazy.stream(options),
};

type TypedArray = ArrayBufferView & { readonly length: number };

const TYPED_ARRAY: LeafCodec<TypedArray> = {
  describe(array) {
    if (isGone(array)) throw gone(undefined, 0);
    return { dtype: dtypeOfTypedArray(array)!, shape: [array.length] };
  },
  hold: (array, snapshot) => (snapshot ? copyOf(array, dtypeOfTypedArray(array)!) : array),
  stays: true,
  read: (array) => array,
  readSync: (array) => array,
};

// By the plain class of the elements: a subclass may copy less, as Node's `Buffer.slice` does.
function copyOf({ buffer, byteOffset, length }: TypedArray, dtype: Dtype): TypedArray {
  return new DTYPES[dtype].array(buffer as ArrayBuffer, byteOffset, length).slice();
}

function scalar<T extends number | bigint | boolean>(infoOf: (value: T) => ArrayInfo): LeafCodec<T> {
  const readSync = (value: T, { dtype }: ArrayInfo): ArrayBufferView => {
    const data = new DTYPES[dtype].array(1);
    data[0] = (typeof value === "boolean" ? Number(value) : value) as never;
    return data;
  };
  return { describe: infoOf, hold: (value) => value, scalar: true, stays: true, read: readSync, readSync };
}

// Python's float and bool are 64 and 8 bits; integers are 64 bits, unsigned only where they must be.
const SHAPE: readonly number[] = [];
const NUMBER = scalar<number>(() => ({ dtype: "F64", shape: SHAPE }));
const BOOLEAN = scalar<boolean>(() => ({ dtype: "BOOL", shape: SHAPE }));
const BIGINT = scalar<bigint>((value) => ({
  dtype: BigInt.asIntN(64, value) === value ? "I64" : "U64",
  shape: SHAPE,
}));

const adapterCodecs = new WeakMap<object, LeafCodec<unknown>>();

function adapterCodec(adapter: ArrayAdapter<unknown>): LeafCodec<unknown> {
  let codec = adapterCodecs.get(adapter);
  if (codec === undefined) {
    codec = {
      describe: (array) => adapter.describe(array),
      hold: (array) => (adapter.hold ? adapter.hold(array) : array),
      release: (array) => {
        if (adapter.hold) adapter.release?.(array);
      },
      read: (array) => adapter.read(array),
      ...(adapter.readSync && { readSync: (array: unknown) => adapter.readSync!(array) }),
      async: `the adapter ${quote(adapter.name)} has no readSync: use saveFile()`,
    };
    adapterCodecs.set(adapter, codec);
  }
  return codec;
}

/** The leaf that an object is: a tensor, a typed array or one of the adapter's arrays. `undefined` for all others. */
export function takeArray(value: object, adapter: ArrayAdapter<unknown> | undefined): Leaf | undefined {
  if (adapter?.is(value)) return new Leaf(value, adapterCodec(adapter));
  if (value instanceof Tensor) return new Leaf<Tensor>(value, TENSOR);
  if (value instanceof LazyTensor) return new Leaf<LazyTensor>(value, LAZY);
  if (dtypeOfTypedArray(value) !== undefined) return new Leaf(value as TypedArray, TYPED_ARRAY);
  return undefined;
}

/** {@link takeArray} and the scalars of JavaScript: numbers, booleans, bigints of 64 bits. */
export function takeLeaf(value: unknown, adapter: ArrayAdapter<unknown> | undefined): Leaf | undefined {
  if (value instanceof Leaf) return value;
  if (adapter?.is(value)) return new Leaf<unknown>(value, adapterCodec(adapter));
  switch (typeof value) {
    case "number":
      return new Leaf(value, NUMBER);
    case "boolean":
      return new Leaf(value, BOOLEAN);
    case "bigint":
      return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value
        ? new Leaf(value, BIGINT)
        : undefined;
    case "object":
      return value === null ? undefined : takeArray(value, adapter);
    default:
      return undefined;
  }
}

/** Where a leaf stands, for messages: its name in the file, and its key path where there is a tree. */
export interface LeafPlace {
  readonly tensor: string;
  readonly keyPath?: string;
}

/** Dtype and shape of a leaf; errors say where it stands. */
export function describeLeaf(leaf: Leaf, where: () => LeafPlace): ArrayInfo {
  try {
    return leaf.codec.describe(leaf.value);
  } catch (error) {
    throw leafError(error, where());
  }
}

/** What went wrong with a leaf, whoever threw it, with its name and key path. */
export function leafError(error: unknown, { tensor, keyPath }: LeafPlace): Pytree2SafetensorsError {
  const place = keyPath === undefined ? `tensor ${quote(tensor)}` : `the leaf at ${keyPath || "the root"}`;
  const details = keyPath === undefined ? { tensor } : { tensor, keyPath };
  if (!isPytree2SafetensorsError(error)) {
    const message = `${place}: ${messageOf(error)}`;
    return new Pytree2SafetensorsError("AdapterError", message, { ...details, cause: error });
  }
  return error.tensor === undefined ? amendError(error, place, details) : error;
}

/** The error of a value that no tensor can hold. */
export function unsupportedLeaf(
  value: unknown,
  { tensor, keyPath }: LeafPlace,
  adapter: ArrayAdapter<unknown> | undefined,
): Pytree2SafetensorsError {
  const found = describeValue(value);
  const place = keyPath === undefined ? `${quote(tensor)}` : `the leaf at ${keyPath || "the root"}`;
  const message = `${place} is ${found}, which no tensor can hold; ${wayOut(value, adapter)}`;
  return new Pytree2SafetensorsError("UnsupportedLeaf", message, {
    tensor,
    ...(keyPath !== undefined && { keyPath }),
    expected: "a tensor, a typed array, a number, a bigint or a boolean",
    found,
  });
}

function wayOut(value: unknown, adapter: ArrayAdapter<unknown> | undefined): string {
  if (typeof value === "bigint") return "integers must fit 64 bits: save it as a string";
  const classes = "register its class, filter it out, or make it a static field of a dataclass";
  return adapter === undefined ? `${classes}, or pass { arrays } for a framework's arrays` : classes;
}

function gone(expected: number | undefined, found: number): Pytree2SafetensorsError {
  const needed = expected === undefined ? "" : `: ${expected} bytes are needed, ${found} are left`;
  const message = `its memory went away${needed}; the buffer was transferred, or shrank. Copy an array before you transfer its buffer`;
  return new Pytree2SafetensorsError("InvalidTensorView", message, {
    ...(expected !== undefined && { expected: `${expected} bytes` }),
    found: `${found} bytes`,
  });
}
