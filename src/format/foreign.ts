// biome-ignore-all lint/suspicious/noControlCharactersInRegex: they are the signatures of binary files
// Recognises what people open in place of a safetensors file, by its first bytes.
import { type ErrorCode, Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";

/** What a file really is. */
export interface Foreign {
  /** With its article: `a Git LFS pointer`. */
  readonly what: string;
  /** What to do about it. */
  readonly wayOut: string;
}

const CONVERT = "convert it to safetensors with the program that wrote it";
const UNPACK = "unpack it first";
const PAGE =
  "the address leads to a page about the file: use the address of its download (on Hugging Face, /resolve/ in place of /blob/)";
const ANSWER = "check the address, and whether it needs a login; this may be the error message of a server";
const TORCH = "load it in Python with torch.load and save its tensors with safetensors.torch.save_file";

// By their first bytes, as text of one byte a character. The more exact ones go first.
const SIGNATURES: readonly (Foreign & { readonly starts: RegExp })[] = [
  {
    starts: /^version https:\/\/git-lfs\./,
    what: "a Git LFS pointer",
    wayOut: "it only stands for the file: run `git lfs pull`, or download the file itself",
  },
  {
    starts: /^PK\x03\x04.{26}[\w .-]*\/(data\.pkl|version|byteorder|\.format_version)/s,
    what: "a PyTorch file",
    wayOut: TORCH,
  },
  {
    starts: /^PK\x03\x04.{26}[^\0]{1,200}\.npy/s,
    what: "a NumPy archive (.npz)",
    wayOut: "load it in Python with numpy.load and save its arrays with safetensors.numpy.save_file",
  },
  { starts: /^PK\x03\x04.{26}(metadata|config)\.json/s, what: "a Keras file (.keras)", wayOut: CONVERT },
  { starts: /^PK(\x03\x04|\x05\x06)/, what: "a zip archive", wayOut: UNPACK },
  { starts: /^\x80[\x02-\x05]/, what: "a pickle, as PyTorch and Python write it", wayOut: TORCH },
  { starts: /^GGUF/, what: "a GGUF file", wayOut: "look for the safetensors files of the same model" },
  {
    starts: /^(lmgg|tjgg|fmgg|algg|ggml|ggjt)/,
    what: "a GGML file",
    wayOut: "look for the safetensors files of the same model",
  },
  {
    starts: /^\x93NUMPY/,
    what: "a NumPy array (.npy)",
    wayOut: "load it in Python with numpy.load and save it with safetensors.numpy.save_file",
  },
  { starts: /^\x89HDF\r\n/, what: "an HDF5 file, as Keras writes it (.h5)", wayOut: CONVERT },
  { starts: /^.{4}TFL3/s, what: "a TensorFlow Lite model", wayOut: CONVERT },
  { starts: /^\x08[\x01-\x20]\x12.[\w. -]{2}/s, what: "an ONNX model", wayOut: CONVERT },
  {
    starts: /^(\x1f\x8b\x08|BZh\d|\xfd7zXZ\0|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!)/,
    what: "a compressed file",
    wayOut: UNPACK,
  },
  { starts: /^.{257}ustar/s, what: "a tar archive", wayOut: UNPACK },
  {
    starts: /^[\x81-\x8f\xde\xdf][\0-\x20]{0,4}[\xa1-\xbf]\w/,
    what: "a msgpack file, as Flax writes it",
    wayOut: CONVERT,
  },
  {
    starts: /^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body)/is,
    what: "an HTML page",
    wayOut: PAGE,
  },
  { starts: /^(\xef\xbb\xbf)?\s*<\?xml/i, what: "an XML document", wayOut: ANSWER },
  { starts: /^(\xef\xbb\xbf)?\s*[[{]\s*(["[{\]}\d]|$)/, what: "JSON text", wayOut: ANSWER },
];

// As far as any signature looks.
const LOOKED_AT = 512;
const TEXT = /^[\t\n\r\x20-\x7e\x80-\xff]+$/;

/**
 * Names what a file is that is not a safetensors file; `undefined` where nothing tells.
 *
 * @param firstBytes The start of the file, a few hundred bytes if it has so many.
 * @param contentType What an HTTP response calls it.
 */
export function recogniseForeign(firstBytes: Uint8Array, contentType?: string): Foreign | undefined {
  if (firstBytes.length === 0) {
    return { what: "an empty file", wayOut: "was a download or a save cut short?" };
  }
  const start = String.fromCharCode(...firstBytes.subarray(0, LOOKED_AT));
  // A length and a brace: it is a safetensors file, with something else wrong.
  if (/^.{4}\0{4}\{/s.test(start)) return undefined;
  const found = SIGNATURES.find(({ starts }) => starts.test(start));
  if (found !== undefined) return { what: found.what, wayOut: found.wayOut };
  const type = contentType?.replace(/;.*/s, "").trim().toLowerCase();
  if (type === "text/html") return { what: "an HTML page", wayOut: PAGE };
  if (type === "application/json" || type === "application/xml" || type?.startsWith("text/")) {
    return { what: `a response of type ${quote(type)}`, wayOut: ANSWER };
  }
  if (!TEXT.test(start)) return undefined;
  const excerpt = new TextDecoder().decode(firstBytes.subarray(0, LOOKED_AT)).trim();
  return { what: `text that begins ${quote(excerpt, 40)}`, wayOut: ANSWER };
}

/** The error for a file whose start can't be read: it names what the file is, if that can be told. */
export function foreignError(
  code: ErrorCode,
  message: string,
  details: { readonly expected: string; readonly found: string; readonly cause?: unknown },
  firstBytes: Uint8Array,
  contentType?: string,
): Pytree2SafetensorsError {
  const foreign = recogniseForeign(firstBytes, contentType);
  if (foreign === undefined) return new Pytree2SafetensorsError(code, message, details);
  const { what, wayOut } = foreign;
  return new Pytree2SafetensorsError(code, `this is ${what}, not a safetensors file; ${wayOut}`, {
    ...details,
    expected: "a safetensors file",
    found: what,
  });
}

/**
 * The same error, or one that names what the file really is: for errors of `parseHeader`, which only sees the bytes
 * behind the length.
 */
export function explainForeign(error: unknown, firstBytes: Uint8Array, contentType?: string): unknown {
  if (!(error instanceof Pytree2SafetensorsError)) return error;
  const { code, message, expected = "", found = "" } = error;
  if (code !== "InvalidHeader" && code !== "InvalidHeaderDeserialization") return error;
  if (recogniseForeign(firstBytes, contentType) === undefined) return error;
  return foreignError(code, message, { expected, found, cause: error }, firstBytes, contentType);
}
