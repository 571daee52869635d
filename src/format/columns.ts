import { DTYPE_NAMES, DTYPES } from "../tensor/dtypes.ts";

/** Bits per element by dtype code, which is the index in `DTYPE_NAMES`. */
export const DTYPE_BITS = Uint8Array.from(DTYPE_NAMES, (name) => DTYPES[name].bits);

/** Up to so many elements, a double counts the bits of every dtype exactly. */
export const EXACT_ELEMENTS = 2 ** 50;

const DTYPE_TEXTS = DTYPE_NAMES.map((name) => Uint8Array.from(name, (char) => char.charCodeAt(0)));

/** The code of the dtype whose name is the bytes `[start, end)`, or -1. */
export function dtypeCode(bytes: Uint8Array, start: number, end: number): number {
  for (let code = 0; code < DTYPE_TEXTS.length; code++) if (isDtypeAt(bytes, start, end, code)) return code;
  return -1;
}

/** Whether the bytes `[start, end)` are the name of dtype `code`. */
export function isDtypeAt(bytes: Uint8Array, start: number, end: number, code: number): boolean {
  const text = DTYPE_TEXTS[code]!;
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}

// `"":{"dtype":"U8","shape":[],"data_offsets":[0,0]}` and a comma: no entry is shorter.
const MIN_ENTRY_BYTES = 50;

/**
 * What a header says of its tensors, one column for each thing: half a million tensors are a handful of typed
 * arrays and no objects. Shapes stay where they are, as text, until one is asked for.
 */
export interface Columns {
  /** Dtype codes. */
  readonly dtypes: Uint8Array;
  /** Offsets relative to the start of the data; from 2^53 on only the nearest doubles. */
  readonly begins: Float64Array;
  readonly ends: Float64Array;
  /** Where in the header the `[` of shape and offsets stand. */
  readonly shapeAt: Uint32Array;
  readonly offsetsAt: Uint32Array;
}

/** Columns with room for every tensor that a header of `headerBytes` can describe. */
export function allocateColumns(headerBytes: number): Columns {
  const rows = Math.floor(headerBytes / MIN_ENTRY_BYTES) + 1;
  return {
    dtypes: new Uint8Array(rows),
    begins: new Float64Array(rows),
    ends: new Float64Array(rows),
    shapeAt: new Uint32Array(rows),
    offsetsAt: new Uint32Array(rows),
  };
}

/** Columns whose row `i` is what row `order[i]` was. */
export function reorderColumns(columns: Columns, order: Uint32Array): Columns {
  return {
    dtypes: gather(columns.dtypes, new Uint8Array(order.length), order),
    begins: gather(columns.begins, new Float64Array(order.length), order),
    ends: gather(columns.ends, new Float64Array(order.length), order),
    shapeAt: gather(columns.shapeAt, new Uint32Array(order.length), order),
    offsetsAt: gather(columns.offsetsAt, new Uint32Array(order.length), order),
  };
}

/** Fills `target[i]` with `column[order[i]]`. */
export function gather<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(
  column: T,
  target: T,
  order: Uint32Array,
): T {
  for (let i = 0; i < order.length; i++) target[i] = column[order[i]!]!;
  return target;
}
