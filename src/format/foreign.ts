// biome-ignore-all lint/suspicious/noControlCharactersInRegex: they are the signatures of binary files
// Recognises what people open in place of a safetensors file, by its first bytes.
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";

const inPython = (load: string, save: string) =>
  `load it in Python with ${load} and save its tensors with safetensors.${save}.save_file`;
const TORCH = inPython("torch.load", "torch");
const NUMPY = inPython("numpy.load", "numpy");
const CONVERT = "convert it to safetensors with the program that wrote it";
const UNPACK = "unpack it first";
const LOOK = "look for the safetensors files of the same model";
const ANSWER = "check the address, and whether it needs a login; this may be the error message of a server";

// By their first bytes, as text of one byte a character. The more exact ones go first.
const SIGNATURES: readonly (readonly [starts: RegExp, what: string, wayOut: string])[] = [
  [
    /^version https:\/\/git-lfs\./,
    "a Git LFS pointer",
    "it only stands for the file: run `git lfs pull`, or download the file itself",
  ],
  [/^PK\x03\x04.{26}[\w .-]*\/(data\.pkl|version|byteorder|\.format_version)/s, "a PyTorch file", TORCH],
  [/^PK\x03\x04.{26}[^\0]{1,200}\.npy/s, "a NumPy archive (.npz)", NUMPY],
  [/^PK\x03\x04.{26}(metadata|config)\.json/s, "a Keras file (.keras)", CONVERT],
  [/^PK(\x03\x04|\x05\x06)/, "a zip archive", UNPACK],
  [/^\x80[\x02-\x05]/, "a pickle, as PyTorch and Python write it", TORCH],
  [/^GGUF/, "a GGUF file", LOOK],
  [/^(lmgg|tjgg|fmgg|algg|ggml|ggjt)/, "a GGML file", LOOK],
  [/^\x93NUMPY/, "a NumPy array (.npy)", NUMPY],
  [/^\x89HDF\r\n/, "an HDF5 file, as Keras writes it (.h5)", CONVERT],
  [/^.{4}TFL3/s, "a TensorFlow Lite model", CONVERT],
  [/^\x08[\x01-\x20]\x12.[\w. -]{2}/s, "an ONNX model", CONVERT],
  [/^(\x1f\x8b\x08|BZh\d|\xfd7zXZ\0|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!)/, "a compressed file", UNPACK],
  [/^.{257}ustar/s, "a tar archive", UNPACK],
  [/^[\x81-\x8f\xde\xdf][\0-\x20]{0,4}[\xa1-\xbf]\w/, "a msgpack file, as Flax writes it", CONVERT],
  [
    /^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body)/is,
    "an HTML page",
    "the address leads to a page about the file: use the address of its download (on Hugging Face, /resolve/ in place of /blob/)",
  ],
  [/^(\xef\xbb\xbf)?\s*<\?xml/i, "an XML document", ANSWER],
  [/^(\xef\xbb\xbf)?\s*[[{]\s*(["[{\]}\d]|$)/, "JSON text", ANSWER],
];

// As far as any signature looks.
const LOOKED_AT = 512;
const TEXT = /^[\t\n\r\x20-\x7e\x80-\xff]+$/;

/**
 * Names what a file is that is not a safetensors file, with an article, and what to do about it; `undefined` where
 * nothing tells.
 *
 * @param firstBytes The start of the file, a few hundred bytes if it has so many.
 */
export function recogniseForeign(firstBytes: Uint8Array): { what: string; wayOut: string } | undefined {
  if (firstBytes.length === 0)
    return { what: "an empty file", wayOut: "was a download or a save cut short?" };
  const bytes = firstBytes.subarray(0, LOOKED_AT);
  const start = String.fromCharCode(...bytes);
  // A length and a brace: it is a safetensors file, with something else wrong.
  if (/^.{4}\0{4}\{/s.test(start)) return undefined;
  const found = SIGNATURES.find(([starts]) => starts.test(start));
  if (found !== undefined) return { what: found[1], wayOut: found[2] };
  if (!TEXT.test(start)) return undefined;
  const excerpt = new TextDecoder().decode(bytes).trim();
  return { what: `text that begins ${quote(excerpt, 40)}`, wayOut: ANSWER };
}

const EXPECTED = "a safetensors file";

/** The same error, or for a file whose start can't be read one that names what the file is, if that can be told. */
export function explainForeign(error: unknown, firstBytes: Uint8Array): unknown {
  if (!isPytree2SafetensorsError(error) || error.expected === EXPECTED) return error;
  const { code } = error;
  const foreign = /^(HeaderToo|InvalidHeader)/.test(code) ? recogniseForeign(firstBytes) : undefined;
  if (foreign === undefined) return error;
  const { what, wayOut } = foreign;
  const message = `this is ${what}, not ${EXPECTED}; ${wayOut}`;
  return new Pytree2SafetensorsError(code, message, { expected: EXPECTED, found: what, cause: error });
}
