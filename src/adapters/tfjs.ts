import * as tf from "@tensorflow/tfjs-core";
import { type ArrayAdapter, type Dtype, Pytree2SafetensorsError, type Tensor } from "../index.ts";
import { type BoundFunctions, bind } from "./bind.ts";

export type { BoundFunctions };

/** A TensorFlow.js tensor. */
export type TfTensor = tf.Tensor;

const DTYPE_OF: Readonly<Record<string, Dtype>> = {
  float32: "F32",
  int32: "I32",
  bool: "BOOL",
  complex64: "C64",
};

/** Where a dtype goes that TensorFlow.js has not; 64-bit numbers and U32 only where every value survives. */
const CONVERTED: Readonly<Partial<Record<Dtype, Dtype>>> = {
  F16: "F32",
  BF16: "F32",
  F8_E5M2: "F32",
  F8_E4M3: "F32",
  F8_E8M0: "F32",
  F8_E4M3FNUZ: "F32",
  F8_E5M2FNUZ: "F32",
  F4: "F32",
  F64: "F32",
  I8: "I32",
  I16: "I32",
  U8: "I32",
  U16: "I32",
  U32: "I32",
  I64: "I32",
  U64: "I32",
};

/**
 * How this package reads and makes TensorFlow.js tensors and variables: float32, int32, bool and complex64 as they
 * are; smaller dtypes widen, 64-bit numbers and U32 narrow where every value survives.
 */
export const tfjsArrays: ArrayAdapter<TfTensor> = {
  name: "TensorFlow.js",
  is: (value): value is TfTensor => value instanceof tf.Tensor,
  describe(array) {
    const dtype = DTYPE_OF[array.dtype];
    if (dtype !== undefined && !array.isDisposed) return { dtype, shape: array.shape };
    throw new Pytree2SafetensorsError(
      "UnsupportedLeaf",
      array.isDisposed ? "this tensor has been disposed" : `tensors of dtype ${array.dtype} can't be saved`,
      { found: array.dtype },
    );
  },
  read: async (array) => toBytes(await array.data()),
  readSync: (array) => toBytes(array.dataSync()),
  make,
  makeSync: make,
  dispose: (array) => array.dispose(),
};

function toBytes(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function make(tensor: Tensor): TfTensor {
  const shape = [...tensor.shape];
  const { dtype } = tensor;
  // TensorFlow.js keeps the array that it is given, so it gets memory of its own.
  if (tensor.is("F32")) return tf.tensor(tensor.data.slice(), shape, "float32");
  if (tensor.is("I32")) return tf.tensor(tensor.data.slice(), shape, "int32");
  if (tensor.is("BOOL")) return tf.tensor(tensor.data.slice(), shape, "bool");
  if (tensor.is("C64")) return complex(tensor.data, shape);
  const target = CONVERTED[dtype];
  if (target === undefined) {
    throw new Pytree2SafetensorsError("UnsupportedDtype", `TensorFlow.js has no dtype for ${dtype}`, {
      found: dtype,
    });
  }
  try {
    return make(tensor.cast(target, { exact: true }));
  } catch (cause) {
    if (!(cause instanceof Pytree2SafetensorsError) || cause.code !== "LossyConversion") throw cause;
    throw new Pytree2SafetensorsError(
      "LossyConversion",
      `${cause.message}; TensorFlow.js has no ${dtype}: pass { cast: { ${dtype}: "${target}" }, lossy: true } to accept the loss`,
      { cause },
    );
  }
}

function complex(data: Float32Array, shape: number[]): TfTensor {
  const half = data.length / 2;
  const real = Float32Array.from({ length: half }, (_, i) => data[2 * i]!);
  const imaginary = Float32Array.from({ length: half }, (_, i) => data[2 * i + 1]!);
  return tf.tidy(() => tf.complex(tf.tensor(real, shape), tf.tensor(imaginary, shape)));
}

const bound: BoundFunctions<TfTensor> = bind(tfjsArrays, { attributes: "object", match: "name" });

/** Writes a dict of TensorFlow.js tensors as a file in memory: `save` of the root entry on TensorFlow.js tensors. */
export const save: BoundFunctions<TfTensor>["save"] = bound.save;
/** Reads a file in memory into TensorFlow.js tensors: `load` of the root entry on TensorFlow.js tensors. */
export const load: BoundFunctions<TfTensor>["load"] = bound.load;
/** Writes a dict of TensorFlow.js tensors to a sink: `saveFile` of the root entry on TensorFlow.js tensors. */
export const saveFile: BoundFunctions<TfTensor>["saveFile"] = bound.saveFile;
/** Reads a file into TensorFlow.js tensors: `loadFile` of the root entry on TensorFlow.js tensors. */
export const loadFile: BoundFunctions<TfTensor>["loadFile"] = bound.loadFile;
/** Saves a tree of TensorFlow.js tensors: `savePytree` of the root entry on TensorFlow.js tensors. Every array stays usable. */
export const savePytree: BoundFunctions<TfTensor>["savePytree"] = bound.savePytree;
/** Lays a tree of TensorFlow.js tensors out as a file, for uploads and downloads: `serialize` of the root entry on TensorFlow.js tensors. */
export const serialize: BoundFunctions<TfTensor>["serialize"] = bound.serialize;
/** Loads a tree of TensorFlow.js tensors: `loadPytree` of the root entry on TensorFlow.js tensors. Attribute nodes load as plain objects unless told. */
export const loadPytree: BoundFunctions<TfTensor>["loadPytree"] = bound.loadPytree;
/** Puts a dict of TensorFlow.js tensors into a template: `setWeights` of the root entry on TensorFlow.js tensors. Leaves are matched by name unless told. */
export const setWeights: BoundFunctions<TfTensor>["setWeights"] = bound.setWeights;
/** Loads a file into a template of TensorFlow.js tensors: `loadIntoPytree` of the root entry on TensorFlow.js tensors. Leaves are matched by name unless told. */
export const loadIntoPytree: BoundFunctions<TfTensor>["loadIntoPytree"] = bound.loadIntoPytree;
/** The leaves of a tree by key string: `pytree2dict` of the root entry for trees of TensorFlow.js tensors. */
export const pytree2dict: BoundFunctions<TfTensor>["pytree2dict"] = bound.pytree2dict;
/** The tree of a dict: `dict2pytree` of the root entry for TensorFlow.js tensors. Attribute nodes become plain objects unless told. */
export const dict2pytree: BoundFunctions<TfTensor>["dict2pytree"] = bound.dict2pytree;
