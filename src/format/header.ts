import { setOwn } from "../base/dict.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { DTYPE_NAMES, type Dtype } from "../tensor/dtypes.ts";
import { type Columns, reorderColumns } from "./columns.ts";
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, JsonCursor } from "./json.ts";
import type { KeySet } from "./keyset.ts";
import { PREFIX_BYTES } from "./prefix.ts";
import { type Scan, scanHeader } from "./scan.ts";
import { invalidUtf8At } from "./utf8.ts";
import { checkOffsets } from "./validate.ts";

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
  const order = checkOffsets(scan, bytes, fileSize - PREFIX_BYTES - bytes.length);
  if (order) scan.names.reorder(order);
  return new Header(bytes, scan, order ? reorderColumns(scan.columns, order) : scan.columns);
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
  throw new Pytree2SafetensorsError("InvalidHeader", `the header is not UTF-8: byte ${at} is invalid`, {
    expected: "UTF-8",
    found: `byte 0x${bytes[at]!.toString(16)} at ${at}`,
  });
}

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
  readonly #cursor: JsonCursor;
  readonly #keys: KeySet;
  readonly #columns: Columns;
  readonly #metadataAt: number;
  #names: readonly string[] | undefined;
  #lastIndex = -1;
  #metadata: Record<string, string> | undefined;

  /** @internal */
  constructor(bytes: Uint8Array, scan: Scan, columns: Columns) {
    this.length = bytes.length;
    this.dataStart = PREFIX_BYTES + bytes.length;
    this.count = scan.names.count;
    this.#cursor = new JsonCursor(bytes);
    this.#keys = scan.names;
    this.#columns = columns;
    this.#metadataAt = scan.metadataAt;
  }

  /** The strings under `__metadata__`, `undefined` if there is no such entry or it is `null`. */
  get metadata(): Readonly<Record<string, string>> | undefined {
    if (this.#metadataAt >= 0) this.#metadata ??= readMetadata(this.#cursor, this.#metadataAt);
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
    const names = this.#names;
    const next = this.#lastIndex + 1;
    this.#lastIndex = names !== undefined && names[next] === name ? next : this.#keys.find(name);
    return this.#lastIndex;
  }

  dtypeAt(index: number): Dtype {
    return DTYPE_NAMES[this.#columns.dtypes[index]!]!;
  }

  shapeAt(index: number): readonly number[] {
    const cursor = this.#cursor;
    cursor.pos = this.#columns.shapeAt[index]! + 1;
    const shape: number[] = [];
    if (cursor.empty(CLOSE_BRACKET)) return shape;
    do {
      cursor.next();
      shape.push(cursor.u64());
    } while (cursor.more(CLOSE_BRACKET));
    return shape;
  }

  /** The offset in the file of the tensor's first byte. */
  beginAt(index: number): number {
    return this.dataStart + this.#columns.begins[index]!;
  }

  /** The offset in the file behind the tensor's last byte. */
  endAt(index: number): number {
    return this.dataStart + this.#columns.ends[index]!;
  }

  /** What the file says of the tensor called `name`, `undefined` if there is none. */
  info(name: string): TensorInfo | undefined {
    const index = this.indexOf(name);
    if (index < 0) return undefined;
    const byteLength = this.endAt(index) - this.beginAt(index);
    return { dtype: this.dtypeAt(index), shape: this.shapeAt(index), byteLength };
  }
}

function readMetadata(cursor: JsonCursor, at: number): Record<string, string> {
  cursor.pos = at + 1;
  const metadata: Record<string, string> = {};
  if (cursor.empty(CLOSE_BRACE)) return metadata;
  do {
    cursor.string();
    const key = cursor.text();
    cursor.expect(COLON);
    cursor.string();
    setOwn(metadata, key, cursor.text());
  } while (cursor.more(CLOSE_BRACE));
  return metadata;
}
