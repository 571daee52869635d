import { Pytree2SafetensorsError } from "../base/errors.ts";
import { compareUtf8, isWellFormed } from "../base/utf8.ts";
import { DTYPE_NAMES, DTYPES, type Dtype } from "../tensor/dtypes.ts";
import { MAX_HEADER_BYTES, PREFIX_BYTES } from "./prefix.ts";
import { METADATA_KEY } from "./scan.ts";
import { encodeUtf8 } from "./utf8.ts";

/** A tensor to be written. */
export interface LayoutEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
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

/**
 * Lays out a file as the reference serializer does, to the byte: tensors by dtype from the last of `DTYPE_NAMES`
 * to the first, then by the UTF-8 bytes of their names; JSON without white space, padded with spaces. Metadata
 * keys, whose order is random there, are sorted.
 */
export function planLayout(
  entries: readonly LayoutEntry[],
  metadata?: Readonly<Record<string, string>>,
): Layout {
  const order = new Uint32Array(entries.length).map((_, i) => i);
  const ranks = entries.map(({ dtype }) => DTYPE_NAMES.indexOf(dtype));
  order.sort((a, b) => ranks[b]! - ranks[a]! || compareUtf8(entries[a]!.name, entries[b]!.name));
  const parts: string[] = [];
  if (metadata) {
    const keys = Object.keys(metadata).sort(compareUtf8);
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    parts.push(`"${METADATA_KEY}":{${pairs.join(",")}}`);
  }
  let offset = 0;
  for (const index of order) {
    const { name, dtype, shape } = entries[index]!;
    if (name === METADATA_KEY || !isWellFormed(name)) {
      throw new Pytree2SafetensorsError("InvalidName", `invalid tensor name ${JSON.stringify(name)}`);
    }
    const end = offset + (shape.reduce((a, b) => a * b, 1) * DTYPES[dtype].bits) / 8;
    parts.push(
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape.join(",")}],"data_offsets":[${offset},${end}]}`,
    );
    offset = end;
  }
  const json = encodeUtf8(`{${parts.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new Pytree2SafetensorsError("HeaderTooLarge", `the header would be ${length} bytes long`);
  }
  const head = new Uint8Array(PREFIX_BYTES + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, PREFIX_BYTES);
  return { head, order, totalBytes: head.length + offset };
}
