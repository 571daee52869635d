/** How an object is cut into parts, and the memory that they are gathered in. */
import { Pytree2SafetensorsError } from "../../../base/errors.ts";
import { placeError } from "../../faults.ts";

const MIB = 2 ** 20;
// S3's own limits.
const MAX_PARTS = 10_000;
const MIN_PART_BYTES = 5 * MIB;
/** The most memory for parts that are gathered or under way. Outside Node, `fetch` may hold a copy of each that is under way. */
const MAX_MEMORY = 32 * MIB;
/** What goes up in one `PUT`: a multipart upload costs two requests more. */
const SINGLE_BYTES = 8 * MIB;
// A copy from object to object takes no longer than with larger ones, and less memory.
const PART_BYTES = MIN_PART_BYTES;
// Reading, hashing and sending then overlap; each more costs memory.
const MAX_AT_ONCE = 3;

/** How an object of a size is sent. */
export interface PartPlan {
  /** The bytes of each part but the last, which may be shorter: R2 takes no other parts. */
  readonly partBytes: number;
  /** How many parts may be under way while the next one is gathered. */
  readonly atOnce: number;
  /** Whether one `PUT` sends it all. */
  readonly isSingle: boolean;
}

/**
 * @param total The object's size, where it is known before the first byte.
 * @param wanted The size of parts that the caller asks for.
 */
export function planParts(total: number | undefined, wanted: number | undefined, name: string): PartPlan {
  if (wanted !== undefined && !(Number.isSafeInteger(wanted) && wanted >= MIN_PART_BYTES)) {
    const message = `partBytes must be an integer of at least ${MIN_PART_BYTES}, not ${wanted}: S3 takes no smaller parts`;
    throw new Pytree2SafetensorsError("InvalidArgument", message);
  }
  if (total !== undefined && total <= (wanted ?? SINGLE_BYTES)) {
    return { partBytes: total, atOnce: 1, isSingle: true };
  }
  const least = total === undefined ? 0 : Math.ceil(total / MAX_PARTS / MIB) * MIB;
  if (wanted !== undefined && wanted < least) throw tooManyParts(name, wanted);
  const partBytes = wanted ?? Math.max(PART_BYTES, least);
  const atOnce = Math.min(MAX_AT_ONCE, Math.max(1, Math.floor(MAX_MEMORY / partBytes) - 1));
  return { partBytes, atOnce, isSingle: false };
}

/** Refuses part `number` of an object whose size was not announced, where S3 would. */
export function checkPartNumber(number: number, partBytes: number, name: string): void {
  if (number > MAX_PARTS) throw tooManyParts(name, partBytes);
}

function tooManyParts(name: string, partBytes: number): Error {
  const problem = `an object has at most ${MAX_PARTS} parts, and parts of ${partBytes} bytes are too small for it; set a larger partBytes`;
  return placeError("TooLarge", name, problem);
}
