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
const CUT_OFF = "The file is incomplete or too long";
const BROKEN = "The file has an invalid header";

const ADVICE: Readonly<Partial<Record<ErrorCode, readonly [title: string, advice: string]>>> = {
  HeaderTooSmall: [
    NOT_SAFETENSORS,
    "It is too short to have a header. The download may be incomplete. Download or copy the file again.",
  ],
  HeaderTooLarge: [
    NOT_SAFETENSORS,
    "A safetensors file begins with the length of its header, and this file doesn't. Files of other formats, such as PyTorch's .bin and .pt, GGUF and ONNX, must be converted first.",
  ],
  InvalidHeaderLength: [CUT_OFF, "The header doesn't fit into the file. Download or copy the file again."],
  InvalidHeader: [NOT_SAFETENSORS, "The header is not text. The file may be damaged or have another format."],
  InvalidHeaderDeserialization: [
    BROKEN,
    "The header doesn't follow the format. The program that wrote the file may have a bug, or the file was changed.",
  ],
  MetadataIncompleteBuffer: [
    CUT_OFF,
    "The header describes more or fewer bytes than the file has. Download or copy the file again.",
  ],
  MissingShard: [
    "A file of this checkpoint is missing",
    "Choose the index together with all the files that it lists, or choose their folder.",
  ],
  InvalidIndex: [
    "The index doesn't match its files",
    "The index and the files may come from different versions of the checkpoint.",
  ],
  HttpError: [
    "The file could not be downloaded",
    "Check the address, and whether the file needs a login. The server may also not allow other sites to read it (CORS). In a terminal, p2s view can open it anyway.",
  ],
  IoError: [
    "The file could not be read",
    "It may have been moved or changed since it was chosen. Choose it again.",
  ],
  ShortRead: [CUT_OFF, "The data ended too early. Download or copy the file again."],
  Timeout: ["The server did not answer in time", "Try again."],
  UnsupportedSource: [
    "This address can't be opened",
    "Enter the https: address of a file, or choose the file.",
  ],
  SourceChanged: ["The file changed while it was being read", "Open it again."],
};

/** Explains an error; `undefined` for one that a person caused by going on. */
export function explain(error: unknown): Explanation | undefined {
  if (error instanceof DOMException && error.name === "AbortError") return undefined;
  if (error instanceof InputError)
    return { title: "This can't be opened", advice: error.message, details: [] };
  if (isPytree2SafetensorsError(error)) {
    const [title, advice] = ADVICE[error.code] ?? [BROKEN, "The program that wrote the file may have a bug."];
    const further = error.faults.filter(({ message }) => message !== error.message);
    const details = [
      `${error.message} [${error.code}]`,
      ...further.map(({ message, code }) => `${message} [${code}]`),
    ];
    return { title, advice, details: details.slice(0, 20) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    title: "Something went wrong",
    advice: "The viewer could not do this. Try to open the file again.",
    details: [message],
  };
}
