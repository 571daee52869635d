/** What a leaf is: asked once, at the call, and carried from there on as a value. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { keepShape } from "../base/keep-shape.ts";
import { describeValue, quote } from "../base/quote.ts";
import type { Awaitable } from "../base/types.ts";
import { DTYPES, type Dtype, type DtypeArray } from "../tensor/dtypes.ts";
import { byteLengthOf } from "../tensor/size.ts";
import { Tensor } from "../tensor/tensor.ts";
import { dtypeOfTypedArray, isGone } from "../tensor/typed-array.ts";
import type { ArrayAdapter, ArrayInfo } from "./adapter.ts";
import type { StreamOptions } from "./file.ts";
import type { FileTensor } from "./file-part.ts";
import { LazyTensor } from "./lazy.ts";
import { type LeafPlace, leafError, spellPlace } from "./leaf-error.ts";
import type { PieceMemory } from "./piece-memory.ts";
import type { SnapshotMemory } from "./snapshot-memory.ts";

/** How leaves of one kind are described, kept and read. */
export interface LeafCodec<T> {
  /** Dtype and shape. Throws for memory that went away. */
  describe(value: T): ArrayInfo;
  /** What the save reads later: the value itself, or what stays when the program changes or frees its own. */
  hold(value: T, snapshot: SnapshotMemory | undefined): T;
  /** Lets go of what was held. */
  release?(held: T): void;
  /** Whether the leaf is a scalar of JavaScript, which no cast changes. */
  readonly scalar?: boolean;
  /** Whether the bytes that it gives stay as they are until the save ends, so that they need not be copied. */
  readonly stays?: boolean;
  /** The bytes, little-endian and in C order, of the dtype that was described. */
  read(held: T, dtype: Dtype): Awaitable<ArrayBufferView>;
  /** The same without waiting; `undefined` where that is impossible. */
  readSync?(held: T, dtype: Dtype): ArrayBufferView;
  /** Why there is no {@link LeafCodec.readSync}, and what to do. */
  readonly async?: string;
  /**
   * The bytes piece by piece, in the dtype asked for, where they need not be in memory whole. A piece that is put into
   * `memory` is valid until the one after the next is asked for.
   */
  stream?(held: T, options: StreamOptions, memory: PieceMemory): AsyncIterable<Uint8Array>;
  /** Where the bytes lie in a file, if they are the leaf's as they are. */
  place?(held: T): FileTensor | undefined;
}

/** A value that becomes a tensor, and the codec of its kind. */
export class Leaf {
  readonly value: unknown;
  readonly codec: LeafCodec<unknown>;

  constructor(value: unknown, codec: LeafCodec<unknown>) {
    this.value = value;
    this.codec = codec;
  }
}

const TENSOR: LeafCodec<Tensor> = {
  describe(tensor) {
    const needed = byteLengthOf(tensor.dtype, tensor.shape);
    const left = Math.max(0, tensor.bytesLeft(needed));
    if (left !== needed) throw gone(needed, left);
    return tensor;
  },
  hold: (tensor, snapshot) =>
    snapshot ? new Tensor(tensor.dtype, tensor.shape, snapshot.copyOf(tensor.dtype, tensor.data)) : tensor,
  stays: true,
  read: (tensor) => tensor.data,
  readSync: (tensor) => tensor.data,
};

const LAZY: LeafCodec<LazyTensor> = {
  describe: (lazy) => lazy,
  hold: (lazy) => lazy,
  read: async (lazy) => (await lazy.load()).data,
  async: "the leaf is lazy: load() it first, or use saveFile()",
  stream: (lazy, options, memory) => lazy.pieces(options, memory),
  place: (lazy) => lazy.place,
};

const TYPED_ARRAY: LeafCodec<DtypeArray> = {
  describe(array) {
    if (isGone(array)) throw gone(undefined, 0);
    return { dtype: dtypeOfTypedArray(array)!, shape: [array.length] };
  },
  hold: (array, snapshot) => snapshot?.copyOf(dtypeOfTypedArray(array)!, array) ?? array,
  stays: true,
  read: (array) => array,
  readSync: (array) => array,
};

function scalar<T extends number | bigint | boolean>(infoOf: (value: T) => ArrayInfo): LeafCodec<T> {
  const readSync = (value: T, dtype: Dtype): ArrayBufferView => {
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

/** The codec of a leaf: a tensor, a typed array, one of the adapter's arrays, or a scalar of JavaScript. */
export function codecOf(
  value: unknown,
  adapter: ArrayAdapter<unknown> | undefined,
): LeafCodec<unknown> | undefined {
  if (value === null) return undefined;
  if (adapter?.is(value)) return adapterCodec(adapter);
  switch (typeof value) {
    case "object":
      if (value instanceof Tensor) return TENSOR;
      if (value instanceof LazyTensor) return LAZY;
      return dtypeOfTypedArray(value) && TYPED_ARRAY;
    case "number":
      return NUMBER;
    case "boolean":
      return BOOLEAN;
    case "bigint":
      return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value ? BIGINT : undefined;
    default:
      return undefined;
  }
}

/** The leaf that a value is, if it is one: as a walk has taken it already, or as it is taken now. */
export function takeLeaf(value: unknown, adapter: ArrayAdapter<unknown> | undefined): Leaf | undefined {
  if (value instanceof Leaf) return value;
  const codec = codecOf(value, adapter);
  return codec && new Leaf(value, codec);
}

/** Dtype and shape of a leaf; errors say where it stands. */
export function describeLeaf<T>(codec: LeafCodec<T>, value: T, tensor: string): ArrayInfo {
  try {
    return codec.describe(value);
  } catch (error) {
    throw leafError(error, { tensor });
  }
}

/** The error of a value that no tensor can hold. */
export function unsupportedLeaf(
  value: unknown,
  place: LeafPlace,
  adapter: ArrayAdapter<unknown> | undefined,
): Pytree2SafetensorsError {
  const found = describeValue(value);
  const subject = spellPlace(place, quote(place.tensor));
  // No walk looks for containers in a dict.
  const isNested = place.keyPath === undefined && /^(an array|a plain object)$/.test(found);
  const way = isNested ? "a dict is flat: `pytree2dict` makes one of a tree" : wayOut(value, adapter);
  const message = `${subject} is ${found}, which no tensor can hold; ${way}`;
  return new Pytree2SafetensorsError("UnsupportedLeaf", message, {
    ...place,
    expected: "a tensor, a typed array, a number, a bigint or a boolean",
    found,
  });
}

function wayOut(value: unknown, adapter: ArrayAdapter<unknown> | undefined): string {
  if (typeof value === "bigint") return "integers must fit 64 bits: save it as a string";
  const classes = "register its class, filter it out, or make it a static field of a dataclass";
  return adapter === undefined ? `${classes}; for a framework's arrays, pass { arrays }` : classes;
}

/** The error of memory that was transferred, or shrank. */
function gone(expected: number | undefined, found: number): Pytree2SafetensorsError {
  const needed = expected === undefined ? "" : `: ${expected} bytes are needed, ${found} are left`;
  const message = `its memory is gone${needed}; the buffer was transferred or shrank. Copy an array before you transfer its buffer`;
  return new Pytree2SafetensorsError("InvalidTensorView", message, {
    ...(expected !== undefined && { expected: `${expected} bytes` }),
    found: `${found} bytes`,
  });
}

keepShape(new Leaf(0, NUMBER));
