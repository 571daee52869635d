import { DType, defaultDevice, numpy as np } from "@jax-js/jax";
import { type ArrayAdapter, type Dtype, Pytree2SafetensorsError, Tensor } from "../index.ts";
import { type BoundFunctions, bind } from "./bind.ts";

export type { BoundFunctions };

/** A jax-js array, `jax.Array`. */
export type JaxArray = np.Array;

type JaxData = Parameters<typeof np.array>[0];

const DTYPE_OF: Readonly<Record<DType, Dtype>> = {
  [DType.Float32]: "F32",
  [DType.Int32]: "I32",
  [DType.Uint32]: "U32",
  [DType.Bool]: "BOOL",
  [DType.Float16]: "F16",
  [DType.Float64]: "F64",
};

const JAX_DTYPE = new Map(Object.values(DType).map((dtype) => [DTYPE_OF[dtype], dtype]));

/** Where a dtype goes that jax-js has not: always to one that holds every value, or value by value. */
const WIDENED: Readonly<Partial<Record<Dtype, Dtype>>> = {
  F16: "F32",
  BF16: "F32",
  F8_E5M2: "F32",
  F8_E4M3: "F32",
  F8_E8M0: "F32",
  F8_E4M3FNUZ: "F32",
  F8_E5M2FNUZ: "F32",
  F4: "F32",
  I8: "I32",
  I16: "I32",
  U8: "U32",
  U16: "U32",
};
const NARROWED: Readonly<Partial<Record<Dtype, Dtype>>> = { I64: "I32", U64: "U32", F64: "F32" };

/**
 * How this package reads and makes jax-js arrays. Reading leaves an array usable: its reference count is as
 * before. Making follows what the backend and the runtime can do: float16 and float64 where both can, else
 * float32; bfloat16 and the 8-bit floats widen to float32, 8- and 16-bit integers to 32 bits; 64-bit numbers narrow
 * where every value survives.
 */
export const jaxArrays: ArrayAdapter<JaxArray> = {
  name: "jax-js",
  ordered: true,
  is: (value): value is JaxArray => value instanceof np.Array,
  describe(array) {
    if (array.refCount === 0) {
      throw new Pytree2SafetensorsError(
        "UnsupportedLeaf",
        "this jax-js array has been freed: pass x.ref to what consumed it and keep x",
      );
    }
    return { dtype: DTYPE_OF[array.dtype], shape: array.shape };
  },
  read: async (array) => toBytes(array, await array.ref.data()),
  readSync: (array) => toBytes(array, array.ref.dataSync()),
  make: async (tensor) => makeArray(tensor, isOptional(tensor.dtype) && (await supports(tensor.dtype))),
  makeSync: (tensor) => makeArray(tensor, isOptional(tensor.dtype) && supportsSync(tensor.dtype)),
  dispose: (array) => array.dispose(),
};

function toBytes(array: JaxArray, data: ArrayBufferView): Uint8Array {
  // jax-js keeps booleans as 32-bit integers.
  if (array.dtype === "bool") return Uint8Array.from(data as Int32Array, Boolean as never);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

// The dtypes that only some backends and runtimes compute with.
type OptionalDtype = "F16" | "F64";

function isOptional(dtype: Dtype): dtype is OptionalDtype {
  return dtype === "F16" || dtype === "F64";
}

// What the backends answered, by device and dtype.
const answers = new Map<string, boolean>();

/** Whether the default device computes with a dtype: a small sum tells. */
async function supports(dtype: OptionalDtype): Promise<boolean> {
  const question = `${defaultDevice()} ${dtype}`;
  let answer = answers.get(question);
  if (answer === undefined) {
    try {
      await probe(dtype).data();
      answer = true;
    } catch {
      answer = false;
    }
    answers.set(question, answer);
  }
  return answer;
}

function supportsSync(dtype: OptionalDtype): boolean {
  const question = `${defaultDevice()} ${dtype}`;
  let answer = answers.get(question);
  if (answer === undefined) {
    try {
      probe(dtype).dataSync();
      answer = true;
    } catch {
      answer = false;
    }
    answers.set(question, answer);
  }
  return answer;
}

function probe(dtype: OptionalDtype): JaxArray {
  const array = native(Tensor.from([0.5, 1.5], { dtype }));
  return array.ref.add(array);
}

function makeArray(tensor: Tensor, supported: boolean): JaxArray {
  const { dtype } = tensor;
  if (supported || dtype === "F32" || dtype === "I32" || dtype === "U32" || dtype === "BOOL")
    return native(tensor);
  const target = WIDENED[dtype] ?? NARROWED[dtype];
  if (target !== undefined) return native(convert(tensor, target));
  throw new Pytree2SafetensorsError(
    "UnsupportedDtype",
    `jax-js has no dtype for ${dtype}; load it as a tensor with the functions of "pytree2safetensors", or leave it out with { select }`,
    { found: dtype },
  );
}

/** An array of a dtype that jax-js has. */
function native(tensor: Tensor): JaxArray {
  const shape = [...tensor.shape];
  const dtype = JAX_DTYPE.get(tensor.dtype)!;
  // np.array refuses empty typed arrays.
  if (tensor.size === 0) return np.zeros(shape, { dtype });
  if (tensor.is("BOOL")) return np.array(Int32Array.from(tensor.data), { shape, dtype });
  const data = tensor.is("F16") ? tensor.toFloat16Array() : tensor.data;
  return np.array(data as JaxData, { shape, dtype });
}

function convert(tensor: Tensor, target: Dtype): Tensor {
  try {
    return tensor.cast(target, { exact: true });
  } catch (cause) {
    if (!(cause instanceof Pytree2SafetensorsError) || cause.code !== "LossyConversion") throw cause;
    throw new Pytree2SafetensorsError(
      "LossyConversion",
      `${cause.message}; jax-js has no ${tensor.dtype}: pass { cast: { ${tensor.dtype}: "${target}" }, lossy: true } to accept the loss`,
      { cause },
    );
  }
}

const bound: BoundFunctions<JaxArray> = bind(jaxArrays, { attributes: "object", match: "name" });

/** Writes a dict of jax-js arrays as a file in memory: `save` of the root entry on jax-js arrays. */
export const save: BoundFunctions<JaxArray>["save"] = bound.save;
/** Reads a file in memory into jax-js arrays: `load` of the root entry on jax-js arrays. */
export const load: BoundFunctions<JaxArray>["load"] = bound.load;
/** Writes a dict of jax-js arrays to a sink: `saveFile` of the root entry on jax-js arrays. */
export const saveFile: BoundFunctions<JaxArray>["saveFile"] = bound.saveFile;
/** Reads a file into jax-js arrays: `loadFile` of the root entry on jax-js arrays. */
export const loadFile: BoundFunctions<JaxArray>["loadFile"] = bound.loadFile;
/** Saves a tree of jax-js arrays: `savePytree` of the root entry on jax-js arrays. Every array stays usable. */
export const savePytree: BoundFunctions<JaxArray>["savePytree"] = bound.savePytree;
/** Lays a tree of jax-js arrays out as a file, for uploads and downloads: `serialize` of the root entry on jax-js arrays. */
export const serialize: BoundFunctions<JaxArray>["serialize"] = bound.serialize;
/** Loads a tree of jax-js arrays: `loadPytree` of the root entry on jax-js arrays. Attribute nodes load as plain objects unless told. */
export const loadPytree: BoundFunctions<JaxArray>["loadPytree"] = bound.loadPytree;
/** Puts a dict of jax-js arrays into a template: `setWeights` of the root entry on jax-js arrays. Leaves are matched by name unless told. */
export const setWeights: BoundFunctions<JaxArray>["setWeights"] = bound.setWeights;
/** Loads a file into a template of jax-js arrays: `loadIntoPytree` of the root entry on jax-js arrays. Leaves are matched by name unless told. */
export const loadIntoPytree: BoundFunctions<JaxArray>["loadIntoPytree"] = bound.loadIntoPytree;
/** The leaves of a tree by key string: `pytree2dict` of the root entry for trees of jax-js arrays. */
export const pytree2dict: BoundFunctions<JaxArray>["pytree2dict"] = bound.pytree2dict;
/** The tree of a dict: `dict2pytree` of the root entry for jax-js arrays. Attribute nodes become plain objects unless told. */
export const dict2pytree: BoundFunctions<JaxArray>["dict2pytree"] = bound.dict2pytree;
