/** What the name of an output says: never a safetensors file or a folder under the name of another format. */
import { basename } from "node:path";
import { UsageError } from "../args/exit.ts";
import { quote } from "../terminal/text.ts";

// Names that people and programs have for other things; a folder of such a name would be taken for a file.
const FORMATS: Readonly<Record<string, string>> = {
  bin: "a PyTorch pickle",
  pt: "a PyTorch pickle",
  pth: "a PyTorch pickle",
  ckpt: "a checkpoint of PyTorch or TensorFlow",
  pkl: "a pickle",
  pickle: "a pickle",
  joblib: "a joblib file",
  npz: "a NumPy archive",
  npy: "a NumPy array",
  gguf: "a GGUF file",
  ggml: "a GGML file",
  h5: "an HDF5 file",
  hdf5: "an HDF5 file",
  keras: "a Keras file",
  onnx: "an ONNX file",
  pb: "a TensorFlow graph",
  tflite: "a TensorFlow Lite file",
  mlmodel: "a Core ML file",
  mlpackage: "a Core ML package",
  msgpack: "a Flax msgpack file",
  orbax: "an Orbax checkpoint",
  zarr: "a Zarr store",
  parquet: "a Parquet file",
  arrow: "an Arrow file",
  mat: "a MATLAB file",
  json: "a JSON file",
  jsonl: "a JSON file",
  yaml: "a YAML file",
  yml: "a YAML file",
  csv: "a CSV file",
  txt: "a text file",
  md: "a text file",
  html: "a page",
  py: "a Python program",
  zip: "a zip archive",
  tar: "a tar archive",
  gz: "a compressed file",
  tgz: "a compressed file",
  bz2: "a compressed file",
  xz: "a compressed file",
  zst: "a compressed file",
  lz4: "a compressed file",
  "7z": "a compressed file",
};

// Endings that say what a file is for, and not what is in it.
const NEUTRAL = new Set(["bak", "backup", "copy", "new", "old", "orig", "part", "partial", "temp", "tmp"]);

/**
 * Checks the name of a safetensors file.
 *
 * @throws {UsageError} If it says that another format is meant.
 */
export function checkFileName(path: string): void {
  const ending = endingOf(path);
  if (ending === undefined || ending === "safetensors") return;
  const format = Object.hasOwn(FORMATS, ending) ? FORMATS[ending]! : `a .${ending} file`;
  throw new UsageError(
    `${quote(path)} names ${format}, and only safetensors files are written: end the name in .safetensors`,
  );
}

/**
 * Checks the name of a folder that is to be made.
 *
 * @throws {UsageError} If it is the name of a file of another format.
 */
export function checkFolderName(path: string): void {
  const ending = endingOf(path);
  if (ending !== undefined && Object.hasOwn(FORMATS, ending)) {
    throw new UsageError(
      `${quote(path)} names ${FORMATS[ending]}, and a folder of safetensors files is meant: leave .${ending} off`,
    );
  }
}

/** The ending that says what is in a file, in lower case: the `npz` of `a.npz`, and of `a.npz.tmp`. */
function endingOf(path: string): string | undefined {
  const [, ...endings] = basename(path.replace(/[/\\]+$/, ""))
    .replace(/^\.+/, "")
    .toLowerCase()
    .split(".");
  let last = endings.pop();
  while (last !== undefined && NEUTRAL.has(last)) last = endings.pop();
  // Versions and steps, as in `model-v1.0` and `run.1200`, are part of the name.
  return last !== undefined && (/^[a-z]\w*$/.test(last) || Object.hasOwn(FORMATS, last)) ? last : undefined;
}
