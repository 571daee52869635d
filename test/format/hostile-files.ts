import { readdirSync, readFileSync } from "node:fs";
import type { ErrorCode } from "../../src/base/errors.ts";

/** A file that the reader must refuse with one code, or must take in spite of its looks. */
export interface HostileFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The code of the error, `null` for a file that is valid. */
  readonly code: ErrorCode | null;
  /** The tensor that the error names. */
  readonly tensor?: string;
  /** Why we refuse what the reference implementation takes. */
  readonly departure?: string;
}

/** A case as the fixtures describe it: a header as text or in hexadecimal, or a whole file in hexadecimal. */
interface Description extends Omit<HostileFile, "bytes"> {
  readonly header?: string;
  readonly hex?: string;
  readonly file?: string;
  /** Bytes of data behind the header; 0 unless told. */
  readonly data?: number;
  /** What the first eight bytes say, where that is not the header's length. */
  readonly length?: string;
}

const FOLDER = new URL("../fixtures/hostile/", import.meta.url);

/** Every case of `test/fixtures/hostile`: lists in `.json`, and files that the fuzzer found. */
export function hostileFiles(): HostileFile[] {
  return readdirSync(FOLDER).flatMap((fileName) => {
    const contents = readFileSync(new URL(fileName, FOLDER));
    if (fileName.endsWith(".json")) {
      const topic = fileName.slice(0, -".json".length);
      const cases: Description[] = JSON.parse(contents.toString());
      return cases.map((one) => ({ ...one, name: `${topic}: ${one.name}`, bytes: fileBytes(one) }));
    }
    // `InvalidOffset--what-is-wrong.safetensors`, or `valid--…`.
    const [code, name] = fileName.replace(".safetensors", "").split("--");
    return [
      { name: name!, bytes: new Uint8Array(contents), code: code === "valid" ? null : (code as ErrorCode) },
    ];
  });
}

function fileBytes({ header = "", hex, file, data = 0, length }: Description): Uint8Array<ArrayBuffer> {
  if (file !== undefined) return new Uint8Array(Buffer.from(file, "hex"));
  const bytes = hex === undefined ? Buffer.from(header) : Buffer.from(hex, "hex");
  return assembleFile(bytes, data, length === undefined ? undefined : BigInt(length));
}

/** A file of `header` and so many zero bytes of data. */
export function assembleFile(
  header: Uint8Array,
  dataBytes = 0,
  length = BigInt(header.length),
): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(8 + header.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, length, true);
  file.set(header, 8);
  return file;
}
