/**
 * Save and load trees of TensorFlow.js tensors and variables.
 *
 * @example
 * ```ts
 * import { loadPytree, savePytree } from "pytree2safetensors/tfjs";
 *
 * await savePytree({ w: tf.zeros([2, 3]) }, "params.safetensors");
 * const params = await loadPytree("params.safetensors");
 * ```
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import * as core from "../index.ts";
import { type ArrayAdapter, type Dtype, Pytree2SafetensorsError, type Tensor } from "../index.ts";
import type { CheckpointManager as Manager } from "../training/index.ts";
import { type BoundCheckpointManager, type BoundFunctions, bind, bindCheckpointManager } from "./bind.ts";
import { type Conversions, convertFor, FLOATS } from "./convert.ts";

export type { BoundCheckpointManager, BoundFunctions };

/** A TensorFlow.js tensor. */
export type TfTensor = tf.Tensor;

type Functions = BoundFunctions<TfTensor>;

const DTYPE_OF: Readonly<Record<string, Dtype>> = {
  float32: "F32",
  int32: "I32",
  bool: "BOOL",
  complex64: "C64",
};

// Smaller dtypes widen, and 64-bit numbers and U32 narrow if every value survives.
const CONVERSIONS: Conversions = {
  ...FLOATS,
  I8: "I32",
  I16: "I32",
  U8: "I32",
  U16: "I32",
  U32: "I32",
  I64: "I32",
  U64: "I32",
};

/**
 * How this package reads and makes TensorFlow.js tensors and variables. float32, int32, bool and complex64 keep their
 * dtype. Smaller dtypes widen, and 64-bit numbers and U32 narrow if every value survives; otherwise loading throws
 * `LossyConversion`. The variables of a model's layers (`model.weights`) work like tensors.
 *
 * You can dispose a tensor while it is being saved, because the save holds a clone that shares its memory. A tensor that was
 * disposed before throws `UnsupportedLeaf`, and so do models and optimizers: pass their weights instead.
 */
export const tfjsArrays: ArrayAdapter<TfTensor> = {
  name: "TensorFlow.js",
  ordered: true,
  // Models and optimizers are taken too, so that `describe` can say what to pass in place of them.
  is: (value): value is TfTensor => value instanceof tf.Tensor || holdsWeights(value),
  describe(array) {
    const tensor = tensorOf(array);
    const dtype = DTYPE_OF[tensor.dtype];
    if (dtype !== undefined && !tensor.isDisposed) return { dtype, shape: tensor.shape };
    throw new Pytree2SafetensorsError(
      "UnsupportedLeaf",
      tensor.isDisposed
        ? "this TensorFlow.js tensor was disposed of before it could be saved; call tf.keep(tensor) to keep it beyond its tf.tidy()"
        : `TensorFlow.js tensors of dtype ${tensor.dtype} can't be saved`,
      {
        expected: Object.keys(DTYPE_OF).join(", "),
        found: tensor.isDisposed ? "a disposed tensor" : tensor.dtype,
      },
    );
  },
  // Kept, because a save may begin inside a tf.tidy() that ends before it.
  hold: (array) => tf.keep(tensorOf(array).clone()),
  release: (array) => array.dispose(),
  read: async (array) => toBytes(await tensorOf(array).data()),
  readSync: (array) => toBytes(tensorOf(array).dataSync()),
  make,
  makeSync: make,
  dispose: (array) => array.dispose(),
};

/** A variable of a layer of @tensorflow/tfjs-layers, an item of `model.weights`. */
interface LayerVariable {
  readonly val: tf.Variable;
}

/** Whether a value is no tensor itself but the holder of tensors: a layer's variable, a layer, a model, an optimizer. */
function holdsWeights(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isLayerVariable(value) || value instanceof tf.Optimizer || isLayer(value);
}

// Recognized by their methods: @tensorflow/tfjs-layers need not be installed.
function isLayerVariable(value: object): value is LayerVariable {
  return "val" in value && value.val instanceof tf.Variable;
}

function isLayer(value: object): boolean {
  return "weights" in value && "setWeights" in value && typeof value.setWeights === "function";
}

function tensorOf(value: TfTensor | LayerVariable): TfTensor {
  if (value instanceof tf.Tensor) return value;
  if (isLayerVariable(value)) return value.val;
  const isOptimizer = (value as object) instanceof tf.Optimizer;
  const [what, call] = isOptimizer
    ? ["a TensorFlow.js optimizer", "await optimizer.getWeights()"]
    : ["a TensorFlow.js model or layer", "model.weights"];
  const message = `this is ${what}, not its weights: pass ${call}, and pass what you load to its setWeights()`;
  throw new Pytree2SafetensorsError("UnsupportedLeaf", message, { expected: "tensors", found: what });
}

function toBytes(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function make(tensor: Tensor): TfTensor {
  const shape = [...tensor.shape];
  // TensorFlow.js keeps the array that it is given, so it gets memory of its own.
  if (tensor.is("F32")) return tf.tensor(tensor.data.slice(), shape, "float32");
  if (tensor.is("I32")) return tf.tensor(tensor.data.slice(), shape, "int32");
  if (tensor.is("BOOL")) return tf.tensor(tensor.data.slice(), shape, "bool");
  if (tensor.is("C64")) return complex(tensor.data, shape);
  return make(convertFor("TensorFlow.js", tensor, CONVERSIONS));
}

function complex(data: Float32Array, shape: number[]): TfTensor {
  const half = data.length / 2;
  const real = Float32Array.from({ length: half }, (_, i) => data[2 * i]!);
  const imaginary = Float32Array.from({ length: half }, (_, i) => data[2 * i + 1]!);
  return tf.tidy(() => tf.complex(tf.tensor(real, shape), tf.tensor(imaginary, shape)));
}

/** Writes a dict of TensorFlow.js tensors as a file in memory. See `save` of the root entry. */
export const save: Functions["save"] = /* @__PURE__ */ bind(core.save, tfjsArrays);
/** Reads a file in memory into a dict of TensorFlow.js tensors. See `load` of the root entry. */
export const load: Functions["load"] = /* @__PURE__ */ bind(core.load<TfTensor>, tfjsArrays);
/** Writes a dict of TensorFlow.js tensors to a sink. See `saveFile` of the root entry. */
export const saveFile: Functions["saveFile"] = /* @__PURE__ */ bind(core.saveFile, tfjsArrays);
/** Reads a file into a dict of TensorFlow.js tensors. See `loadFile` of the root entry. */
export const loadFile: Functions["loadFile"] = /* @__PURE__ */ bind(core.loadFile<TfTensor>, tfjsArrays);
/** Saves a tree of TensorFlow.js tensors. Every tensor stays usable. See `savePytree` of the root entry. */
export const savePytree: Functions["savePytree"] = /* @__PURE__ */ bind(core.savePytree, tfjsArrays);
/** Turns a tree of TensorFlow.js tensors into a stream or a `Blob`, for uploads and downloads. See `serialize` of the root entry. */
export const serialize: Functions["serialize"] = /* @__PURE__ */ bind(core.serialize, tfjsArrays);
/** Loads a tree of TensorFlow.js tensors; attribute nodes load as plain objects by default. See `loadPytree` of the root entry. */
export const loadPytree: Functions["loadPytree"] = /* @__PURE__ */ bind(core.loadPytree, tfjsArrays);
/** Puts a dict of TensorFlow.js tensors into a template; leaves match by name by default. See `setWeights` of the root entry. */
export const setWeights: Functions["setWeights"] = /* @__PURE__ */ bind(core.setWeights, tfjsArrays);
/** Loads a file into a template of TensorFlow.js tensors; leaves match by name by default. See `loadIntoPytree` of the root entry. */
export const loadIntoPytree: Functions["loadIntoPytree"] = /* @__PURE__ */ bind(
  core.loadIntoPytree,
  tfjsArrays,
);
/** Returns the leaves of a tree of TensorFlow.js tensors by key string. See `pytree2dict` of the root entry. */
export const pytree2dict: Functions["pytree2dict"] = core.pytree2dict;
/** Builds a tree from a dict; attribute nodes become plain objects by default. See `dict2pytree` of the root entry. */
export const dict2pytree: Functions["dict2pytree"] = /* @__PURE__ */ bind(
  core.dict2pytree as Functions["dict2pytree"],
);
/** Manages the checkpoints of a training run, which are trees of TensorFlow.js tensors. */
export type CheckpointManager = Manager<TfTensor>;
/** Manages the checkpoints of a training run. See `CheckpointManager` of `pytree2safetensors/training`. */
export const CheckpointManager: BoundCheckpointManager<TfTensor> =
  /* @__PURE__ */ bindCheckpointManager(tfjsArrays);
