import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { keepShape } from "../../base/keep-shape.ts";
import { DTYPE_NAMES, type Dtype } from "../../tensor/dtypes.ts";
import { decodeUtf8, encodeUtf8, invalidUtf8At } from "../utf8.ts";
import { checkOffsets } from "./check.ts";
import { JsonCursor } from "./json.ts";
import type { KeySet } from "./keyset.ts";
import { PREFIX_BYTES } from "./prefix.ts";
import { BEGIN, DTYPE, END, eachInteger, type Rows, reorderRows, SHAPE_AT, WIDTH } from "./rows.ts";
import { type Scan, scanHeader } from "./scan.ts";

export { headerLength, MAX_HEADER_BYTES, PREFIX_BYTES } from "./prefix.ts";

/** What a file says of one tensor. */
export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The bytes that it takes in the file. */
  readonly byteLength: number;
}

/**
 * Reads and validates the header of a safetensors file.
 *
 * @param header The N bytes after the first 8, N being {@link headerLength}. They are kept, for names and shapes
 * are decoded when they are asked for: don't change them.
 * @param fileSize The size of the whole file in bytes.
 * @throws InvalidHeader, InvalidHeaderDeserialization, InvalidOffset, ValidationOverflow, MisalignedSlice,
 * TensorInvalidInfo or MetadataIncompleteBuffer: the first in the reference implementation's order, the others
 * in `faults`.
 */
export function parseHeader(header: Uint8Array, fileSize: number): Header {
  // Shared memory could change between check and use.
  const bytes = header.buffer instanceof ArrayBuffer ? header : header.slice();
  const scan = scanUtf8(bytes);
  const order = checkOffsets(scan, fileSize - PREFIX_BYTES - bytes.length);
  if (order) scan.names.reorder(order);
  return new Header(bytes, scan, order ? reorderRows(scan.rows, order) : scan.rows);
}

// Bytes that are no UTF-8 come first among the faults, but nearly every header is plain ASCII or at least valid:
// so the check comes last, and only where there is reason for it.
function scanUtf8(bytes: Uint8Array): Scan {
  const cursor = new JsonCursor(bytes);
  let scan: Scan;
  try {
    scan = scanHeader(bytes, cursor);
  } catch (error) {
    checkUtf8(bytes);
    throw error;
  }
  if (cursor.nonAscii) checkUtf8(bytes);
  return scan;
}

function checkUtf8(bytes: Uint8Array): void {
  const at = invalidUtf8At(bytes);
  if (at < 0) return;
  const found = `0x${bytes[at]!.toString(16)} at byte ${at}`;
  const message = `the header is not valid UTF-8: found ${found}`;
  throw new Pytree2SafetensorsError("InvalidHeader", message, { expected: "UTF-8", found });
}

// No name that was written without escapes has any of these.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const NEEDS_ESCAPE = /["\\\x00-\x1f]/;

/**
 * The validated header of a safetensors file. Tensors have numbers, in the order of their data.
 */
export class Header {
  /** The header's length N in bytes. */
  readonly length: number;
  /** Where the data starts in the file: 8 + N. */
  readonly dataStart: number;
  /** How many tensors there are. */
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #scan: Pick<Scan, "metadataAt" | "metadataEnd">;
  readonly #keys: KeySet;
  readonly #rows: Rows;
  #names: readonly string[] | undefined;
  #lastIndex = -1;
  #metadata: Record<string, string> | undefined;

  /** @internal */
  constructor(bytes: Uint8Array, { names, metadataAt, metadataEnd }: Scan, rows: Rows) {
    this.length = bytes.length;
    this.dataStart = PREFIX_BYTES + bytes.length;
    this.count = names.count;
    this.#bytes = bytes;
    this.#keys = names;
    this.#rows = rows;
    this.#scan = { metadataAt, metadataEnd };
  }

  /** The strings under `__metadata__`, `undefined` if there is no such entry or it is `null`. */
  get metadata(): Readonly<Record<string, string>> | undefined {
    const { metadataAt, metadataEnd } = this.#scan;
    // The scan found strings only, and no key twice; `JSON.parse` makes own properties of all keys, `__proto__` too.
    if (metadataAt) this.#metadata ??= JSON.parse(decodeUtf8(this.#bytes, metadataAt, metadataEnd));
    return this.#metadata;
  }

  /** All names in data order. */
  get names(): readonly string[] {
    this.#names ??= Array.from({ length: this.count }, (_, index) => this.#keys.text(index));
    return this.#names;
  }

  /** The name of tensor number `index`. */
  nameAt(index: number): string {
    return this.#names?.[index] ?? this.#keys.text(index);
  }

  /** The number of the tensor called `name`, -1 if there is none. */
  indexOf(name: string): number {
    // Whoever goes through `names` asks for the next one, mostly.
    const next = this.#lastIndex + 1;
    this.#lastIndex = this.#names?.[next] === name ? next : this.#find(name);
    return this.#lastIndex;
  }

  #find(name: string): number {
    if (NEEDS_ESCAPE.test(name)) return this.#keys.find(name, 0);
    const cursor = new JsonCursor(encodeUtf8(`"${name}"`));
    cursor.string();
    return this.#keys.find(name, cursor.hash);
  }

  dtypeAt(index: number): Dtype {
    return DTYPE_NAMES[this.#rows[index * WIDTH + DTYPE]!]!;
  }

  shapeAt(index: number): readonly number[] {
    const shape: number[] = [];
    eachInteger(this.#bytes, this.#rows[index * WIDTH + SHAPE_AT]!, (size) => shape.push(size));
    return shape;
  }

  /** The offset in the file of the tensor's first byte. */
  beginAt(index: number): number {
    return this.dataStart + this.#rows[index * WIDTH + BEGIN]!;
  }

  /** The offset in the file behind the tensor's last byte. */
  endAt(index: number): number {
    return this.dataStart + this.#rows[index * WIDTH + END]!;
  }

  /** What the file says of the tensor called `name`, `undefined` if there is none. */
  info(name: string): TensorInfo | undefined {
    const index = this.indexOf(name);
    if (index < 0) return undefined;
    const byteLength = this.endAt(index) - this.beginAt(index);
    return { dtype: this.dtypeAt(index), shape: this.shapeAt(index), byteLength };
  }
}

keepShape(parseHeader(encodeUtf8("{}"), PREFIX_BYTES + 2));
