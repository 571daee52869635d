// Lays out a file: the order of its tensors, the text of its header, all offsets.
import { amendError, isPytree2SafetensorsError, Pytree2SafetensorsError } from "../../base/errors.ts";
import { describeValue, quote } from "../../base/quote.ts";
import { compareUtf8, isWellFormed } from "../../base/utf8.ts";
import { DTYPE_NAMES, type Dtype } from "../../tensor/dtypes.ts";
import { byteLengthOf } from "../../tensor/size.ts";
import { MAX_HEADER_BYTES, METADATA_KEY, PREFIX_BYTES } from "../header/prefix.ts";
import { encodeUtf8 } from "../utf8.ts";
import { dataOrder } from "./order.ts";
import { JsonWriter } from "./writer.ts";

/** A tensor to be written. */
export interface LayoutEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The bytes that dtype and shape need, where they are known; else they are computed. */
  readonly byteLength?: number;
}

/** How a file will look, computed whole before its first byte is written. */
export interface Layout {
  /** The bytes before the data: prefix and header. */
  readonly head: Uint8Array;
  /** The entries in the order of their data: `order[i]` is the index of the i-th. */
  readonly order: Uint32Array;
  /** The size of the file. */
  readonly totalBytes: number;
}

// The header's length is a multiple of this, so that the data is aligned for every dtype.
const ALIGNMENT = 8;

// What an entry takes beside its name, give or take.
const TYPICAL_ENTRY_BYTES = 80;

const BEFORE_SHAPE = new Map(DTYPE_NAMES.map((name) => [name, encodeUtf8(`:{"dtype":"${name}","shape":[`)]));
const BEFORE_OFFSETS = encodeUtf8('],"data_offsets":[');
const AFTER_OFFSETS = encodeUtf8("]}");
const OPEN = encodeUtf8("{");
const CLOSE = encodeUtf8("}");
const COMMA = encodeUtf8(",");
const COLON = encodeUtf8(":");

/**
 * Lays out a file as the reference serializer does, to the byte: tensors by dtype from the last of `DTYPE_NAMES`
 * to the first, then by the UTF-8 bytes of their names; JSON without white space, padded with spaces. Metadata
 * keys, whose order is random there, are sorted.
 *
 * @throws InvalidName, DuplicateKey, InvalidMetadata, UnsupportedDtype, HeaderTooLarge, TooLarge; for shapes what
 * `byteLengthOf` throws.
 */
export function planLayout(
  entries: readonly LayoutEntry[],
  metadata?: Readonly<Record<string, string>>,
): Layout {
  const { ascii, units } = measureNames(entries);
  const order = dataOrder(entries, ascii);
  const writer = new JsonWriter(1024 + units + TYPICAL_ENTRY_BYTES * entries.length);
  writer.raw(OPEN);
  if (metadata !== undefined) writeMetadata(writer, metadata);
  let end = 0;
  for (let i = 0; i < order.length; i++) {
    const entry = entries[order[i]!]!;
    const { name, dtype, shape } = entry;
    if (name === METADATA_KEY || !(ascii || isWellFormed(name))) throw invalidName(name);
    const begin = end;
    end += entry.byteLength ?? sizeOf(entry);
    if (writer.length > 1) writer.raw(COMMA);
    writer.string(name);
    writer.raw(BEFORE_SHAPE.get(dtype)!);
    for (let d = 0; d < shape.length; d++) {
      if (d > 0) writer.raw(COMMA);
      writer.integer(shape[d]!);
    }
    writer.raw(BEFORE_OFFSETS);
    writer.integer(begin);
    writer.raw(COMMA);
    writer.integer(end);
    writer.raw(AFTER_OFFSETS);
    if (writer.length > MAX_HEADER_BYTES) break;
  }
  writer.raw(CLOSE);

  const length = Math.ceil(writer.length / ALIGNMENT) * ALIGNMENT;
  if (length > MAX_HEADER_BYTES) throw headerTooLarge(entries.length);
  const head = writer.finish(PREFIX_BYTES, length);
  new DataView(head.buffer).setUint32(0, length, true);
  const totalBytes = head.length + end;
  if (!Number.isSafeInteger(totalBytes)) {
    const message = "together, the tensors have 2^53 bytes or more, which is too large for a file";
    throw new Pytree2SafetensorsError("TooLarge", message);
  }
  return { head, order, totalBytes };
}

function measureNames(entries: readonly LayoutEntry[]): { readonly ascii: boolean; readonly units: number } {
  let units = 0;
  let bits = 0;
  for (let i = 0; i < entries.length; i++) {
    const { name } = entries[i]!;
    if (typeof name !== "string") throw invalidName(name);
    units += name.length;
    if (units > MAX_HEADER_BYTES) throw headerTooLarge(entries.length);
    for (let k = 0; k < name.length; k++) bits |= name.charCodeAt(k);
  }
  return { ascii: bits < 0x80, units };
}

function writeMetadata(writer: JsonWriter, metadata: Readonly<Record<string, string>>): void {
  writer.string(METADATA_KEY);
  writer.raw(COLON);
  writer.raw(OPEN);
  Object.keys(metadata)
    .sort(compareUtf8)
    .forEach((key, i) => {
      const value: unknown = metadata[key];
      if (typeof value !== "string") throw invalidMetadata(key, "a string", describeValue(value));
      if (!isWellFormed(key + value))
        throw invalidMetadata(key, "text that UTF-8 can write", "a lone surrogate");
      if (i > 0) writer.raw(COMMA);
      writer.string(key);
      writer.raw(COLON);
      writer.string(value);
    });
  writer.raw(CLOSE);
}

function invalidMetadata(key: string, expected: string, found: string): Pytree2SafetensorsError {
  const message = `metadata ${quote(key)}: expected ${expected}, found ${found}; the format only holds strings`;
  return new Pytree2SafetensorsError("InvalidMetadata", message, { expected, found });
}

function sizeOf({ name, dtype, shape }: LayoutEntry): number {
  try {
    return byteLengthOf(dtype, shape);
  } catch (error) {
    if (!isPytree2SafetensorsError(error)) throw error;
    throw amendError(error, `tensor ${quote(name)}`, { tensor: name });
  }
}

function invalidName(name: unknown): Pytree2SafetensorsError {
  if (typeof name !== "string") {
    const found = describeValue(name);
    const message = `the name of a tensor must be a string, not ${found}`;
    return new Pytree2SafetensorsError("InvalidName", message, { expected: "a string", found });
  }
  const reason =
    name === METADATA_KEY
      ? "the format keeps it for metadata"
      : "it contains a lone surrogate, which UTF-8 can't write";
  const message = `a tensor can't have the name ${quote(name)}: ${reason}; rename its key`;
  return new Pytree2SafetensorsError("InvalidName", message, { tensor: name, found: quote(name) });
}

function headerTooLarge(count: number): Pytree2SafetensorsError {
  const expected = `at most ${MAX_HEADER_BYTES} bytes`;
  const message = `the header of ${count} tensors would be too large, the format allows ${expected}: use shorter names or less metadata, or save in shards`;
  return new Pytree2SafetensorsError("HeaderTooLarge", message, { expected });
}
