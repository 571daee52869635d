// Says what is wrong with a file in a person's words; the library's message follows as the detail.
import { type ErrorCode, isPytree2SafetensorsError } from "../../../src/index.ts";
import { InputError } from "./open.ts";

/** An error as the page shows it. */
export interface Explanation {
  readonly title: string;
  /** What it likely means, and what to do. */
  readonly advice: string;
  /** The library's own message with its code, and further faults of the file. */
  readonly details: readonly string[];
}

const NOT_SAFETENSORS = "This is not a safetensors file";
const CUT_OFF = "The file is incomplete, or longer than it should be";
const BROKEN = "The file's header breaks the format's rules";

const ADVICE: Readonly<Partial<Record<ErrorCode, readonly [title: string, advice: string]>>> = {
  HeaderTooSmall: [NOT_SAFETENSORS, "It is too short to have a header. Was the download complete?"],
  HeaderTooLarge: [
    NOT_SAFETENSORS,
    "A safetensors file begins with the length of its header; this one begins with something else. PyTorch's .bin and .pt files, GGUF and ONNX have to be converted first.",
  ],
  InvalidHeaderLength: [
    CUT_OFF,
    "The header should be longer than the whole file. Download or copy the file again.",
  ],
  InvalidHeader: [NOT_SAFETENSORS, "The header is not text. The file may be damaged, or of another format."],
  InvalidHeaderDeserialization: [
    BROKEN,
    "The header is not what the format asks for. The program that wrote the file has an error, or the file was changed.",
  ],
  MetadataIncompleteBuffer: [
    CUT_OFF,
    "The header describes more or fewer bytes than there are. Download or copy the file again.",
  ],
  MissingShard: [
    "A part of this checkpoint is missing",
    "Choose the index together with all the files that it names, or choose their folder.",
  ],
  InvalidIndex: ["The index does not fit its files", "The index and the files may be of different versions."],
  HttpError: [
    "The file could not be fetched",
    "Check the address, and whether the file may be read without signing in. The server may also not allow other pages to read it (CORS); from a terminal, p2s view takes any address.",
  ],
  IoError: [
    "The file could not be read",
    "It may have been moved or changed since it was chosen. Choose it again.",
  ],
  ShortRead: [CUT_OFF, "Reading ended before the file should. Download or copy the file again."],
  Timeout: ["The server did not answer in time", "Try again."],
  UnsupportedSource: [
    "This address can't be opened",
    "Give the https: address of a file, or choose the file.",
  ],
  SourceChanged: ["The file changed while it was read", "Open it again."],
};

/** Explains an error; `undefined` for one that a person caused by going on. */
export function explain(error: unknown): Explanation | undefined {
  if (error instanceof DOMException && error.name === "AbortError") return undefined;
  if (error instanceof InputError)
    return { title: "This can't be opened together", advice: error.message, details: [] };
  if (isPytree2SafetensorsError(error)) {
    const [title, advice] = ADVICE[error.code] ?? [
      BROKEN,
      "The program that wrote the file may have an error.",
    ];
    const further = error.faults.filter(({ message }) => message !== error.message);
    const details = [
      `${error.message} [${error.code}]`,
      ...further.map(({ message, code }) => `${message} [${code}]`),
    ];
    return { title, advice, details: details.slice(0, 20) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { title: "Something went wrong", advice: "The page could not do this.", details: [message] };
}
