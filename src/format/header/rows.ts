// The numbers of a header, while it is checked.
import { DTYPE_NAMES, DTYPES } from "../../tensor/dtypes.ts";

/** Bits per element by dtype code, which is the index in `DTYPE_NAMES`. */
export const DTYPE_BITS = DTYPE_NAMES.map((name) => DTYPES[name].bits);

/** Up to so many elements, a double counts the bits of every dtype exactly. */
export const EXACT_ELEMENTS = 2 ** 50;

/**
 * What a header says of its tensors: {@link WIDTH} numbers for each, in one array. Nothing else is made of them until
 * all have been checked: a file that is refused costs little.
 */
export type Rows = Float64Array;

// `"":{"dtype":"U8","shape":[],"data_offsets":[0,0]}` and a comma: no entry is shorter.
const MIN_ENTRY_BYTES = 50;

/** Numbers in a row, and their places in it. */
export const WIDTH = 5;
export const DTYPE = 0;
/** Offsets count from the start of the data; from 2^53 on they are only near. */
export const BEGIN = 1;
export const END = 2;
/** The positions in the header of the `[` of shape and offsets. */
export const SHAPE_AT = 3;
export const OFFSETS_AT = 4;

/** Room for every tensor that a header of `headerBytes` can describe. */
export function allocateRows(headerBytes: number): Rows {
  return new Float64Array(WIDTH * (Math.floor(headerBytes / MIN_ENTRY_BYTES) + 1));
}
