/**
 * Save and load trees of jax-js arrays.
 *
 * @example
 * ```ts
 * import { loadPytree, savePytree } from "pytree2safetensors/jax-js";
 *
 * const params = await loadPytree("params.safetensors");
 * await savePytree(params, "copy.safetensors");
 * ```
 *
 * @module
 */
import { type DType, defaultDevice, numpy as np } from "@jax-js/jax";
import * as core from "../index.ts";
import { type ArrayAdapter, type Awaitable, type Dtype, Pytree2SafetensorsError, Tensor } from "../index.ts";
import type { CheckpointManager as Manager } from "../training/index.ts";
import { type BoundCheckpointManager, type BoundFunctions, bind, bindCheckpointManager } from "./bind.ts";
import { type Conversions, convertFor, FLOATS } from "./convert.ts";

export type { BoundCheckpointManager, BoundFunctions };

/** A jax-js array, `jax.Array`. */
export type JaxArray = np.Array;

type Functions = BoundFunctions<JaxArray>;

type JaxData = Parameters<typeof np.array>[0];

const DTYPE_OF: Readonly<Record<DType, Dtype>> = {
  float32: "F32",
  int32: "I32",
  uint32: "U32",
  bool: "BOOL",
  float16: "F16",
  float64: "F64",
};

// Dtypes that jax-js computes with on every backend.
const NATIVE: readonly Dtype[] = ["F32", "I32", "U32", "BOOL"];

// Other dtypes widen, and 64-bit numbers narrow if every value survives.
const CONVERSIONS: Conversions = {
  ...FLOATS,
  I8: "I32",
  I16: "I32",
  I64: "I32",
  U8: "U32",
  U16: "U32",
  U64: "U32",
};

/**
 * How this package reads and makes jax-js arrays. A saved array stays usable. You can free it while it is being saved,
 * because the save holds its own reference; an array that was freed before throws `UnsupportedLeaf`.
 *
 * On loading, float16 and float64 keep their dtype if the backend and the runtime support it, and become float32
 * otherwise. bfloat16 and 8-bit floats widen to float32, 8- and 16-bit integers to 32 bits. 64-bit numbers narrow if
 * every value survives; otherwise loading throws `LossyConversion`.
 */
export const jaxArrays: ArrayAdapter<JaxArray> = {
  name: "jax-js",
  ordered: true,
  is: (value): value is JaxArray => value instanceof np.Array,
  describe(array) {
    if (array.refCount > 0) return { dtype: DTYPE_OF[array.dtype], shape: array.shape };
    const message =
      "this jax-js array was freed before it could be saved; pass array.ref to the operation that consumed it";
    throw new Pytree2SafetensorsError("UnsupportedLeaf", message, {
      expected: "an array with references",
      found: "an array without references",
    });
  },
  hold: (array) => array.ref,
  release: (array) => array.dispose(),
  read: async (array) => toBytes(array, await array.ref.data()),
  readSync: (array) => toBytes(array, array.ref.dataSync()),
  make: async (tensor) => makeArray(tensor, await supports(tensor.dtype, "data")),
  makeSync: (tensor) => makeArray(tensor, supports(tensor.dtype, "dataSync")),
  dispose: (array) => array.dispose(),
};

function toBytes(array: JaxArray, data: ArrayBufferView): Uint8Array {
  // jax-js stores booleans as 32-bit integers.
  if (array.dtype === "bool") return Uint8Array.from(data as Int32Array, Boolean as never);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

// What the backends answered, by device and dtype.
const answers = /* @__PURE__ */ new Map<string, boolean>();

/**
 * Whether the default device computes with a dtype. Where that depends on backend and runtime, a small sum tells; it is
 * awaited (`"data"`) or computed at once (`"dataSync"`).
 */
function supports(dtype: Dtype, how: "dataSync"): boolean;
function supports(dtype: Dtype, how: "data"): Awaitable<boolean>;
function supports(dtype: Dtype, how: "data" | "dataSync"): Awaitable<boolean> {
  if (dtype !== "F16" && dtype !== "F64") return NATIVE.includes(dtype);
  const question = `${defaultDevice()} ${dtype}`;
  const known = answers.get(question);
  if (known !== undefined) return known;
  const learn = (answer: boolean) => {
    answers.set(question, answer);
    return answer;
  };
  try {
    const array = native(Tensor.from([0.5, 1.5], { dtype }));
    const sum = array.ref.add(array)[how]();
    return sum instanceof Promise
      ? sum.then(
          () => learn(true),
          () => learn(false),
        )
      : learn(true);
  } catch {
    return learn(false);
  }
}

function makeArray(tensor: Tensor, supported: boolean): JaxArray {
  return native(supported ? tensor : convertFor("jax-js", tensor, CONVERSIONS));
}

/** An array of a dtype that jax-js has. */
function native(tensor: Tensor): JaxArray {
  const shape = [...tensor.shape];
  const dtype = jaxDtype(tensor.dtype);
  // np.array refuses empty typed arrays.
  if (tensor.size === 0) return np.zeros(shape, { dtype });
  if (tensor.is("BOOL")) return np.array(Int32Array.from(tensor.data), { shape, dtype });
  const data = tensor.is("F16") ? tensor.toFloat16Array() : tensor.data;
  return np.array(data as JaxData, { shape, dtype });
}

function jaxDtype(dtype: Dtype): DType {
  return (Object.keys(DTYPE_OF) as DType[]).find((jax) => DTYPE_OF[jax] === dtype)!;
}

/** Writes a dict of jax-js arrays as a file in memory. See `save` of the root entry. */
export const save: Functions["save"] = /* @__PURE__ */ bind(core.save, jaxArrays);
/** Reads a file in memory into a dict of jax-js arrays. See `load` of the root entry. */
export const load: Functions["load"] = /* @__PURE__ */ bind(core.load<JaxArray>, jaxArrays);
/** Writes a dict of jax-js arrays to a sink. See `saveFile` of the root entry. */
export const saveFile: Functions["saveFile"] = /* @__PURE__ */ bind(core.saveFile, jaxArrays);
/** Reads a file into a dict of jax-js arrays. See `loadFile` of the root entry. */
export const loadFile: Functions["loadFile"] = /* @__PURE__ */ bind(core.loadFile<JaxArray>, jaxArrays);
/** Saves a tree of jax-js arrays. Every array stays usable. See `savePytree` of the root entry. */
export const savePytree: Functions["savePytree"] = /* @__PURE__ */ bind(core.savePytree, jaxArrays);
/** Turns a tree of jax-js arrays into a stream or a `Blob`, for uploads and downloads. See `serialize` of the root entry. */
export const serialize: Functions["serialize"] = /* @__PURE__ */ bind(core.serialize, jaxArrays);
/** Loads a tree of jax-js arrays; attribute nodes load as plain objects by default. See `loadPytree` of the root entry. */
export const loadPytree: Functions["loadPytree"] = /* @__PURE__ */ bind(core.loadPytree, jaxArrays);
/** Puts a dict of jax-js arrays into a template; leaves match by name by default. See `setWeights` of the root entry. */
export const setWeights: Functions["setWeights"] = /* @__PURE__ */ bind(core.setWeights, jaxArrays);
/** Loads a file into a template of jax-js arrays; leaves match by name by default. See `loadIntoPytree` of the root entry. */
export const loadIntoPytree: Functions["loadIntoPytree"] = /* @__PURE__ */ bind(
  core.loadIntoPytree,
  jaxArrays,
);
/** Returns the leaves of a tree of jax-js arrays by key string. See `pytree2dict` of the root entry. */
export const pytree2dict: Functions["pytree2dict"] = core.pytree2dict;
/** Builds a tree from a dict; attribute nodes become plain objects by default. See `dict2pytree` of the root entry. */
export const dict2pytree: Functions["dict2pytree"] = /* @__PURE__ */ bind(
  core.dict2pytree as Functions["dict2pytree"],
);
/** Manages the checkpoints of a training run, which are trees of jax-js arrays. */
export type CheckpointManager = Manager<JaxArray>;
/** Manages the checkpoints of a training run. See `CheckpointManager` of `pytree2safetensors/training`. */
export const CheckpointManager: BoundCheckpointManager<JaxArray> =
  /* @__PURE__ */ bindCheckpointManager(jaxArrays);
