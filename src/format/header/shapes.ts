// The shapes of a header's tensors as arrays of numbers.
import { CLOSE_BRACKET, COMMA } from "./json.ts";

// Models have a few dozen shapes. In a file of many more, those that find no place here are not shared.
const SLOTS = 4096;
const MAX_PROBES = 8;
// No framework has more dimensions.
const MAX_SHARED = 64;

/**
 * Returns a function that reads the shape whose `[` is at a position, after it has been checked: a frozen array, and
 * the same one for equal shapes.
 */
export function shapeReader(bytes: Uint8Array): (at: number) => readonly number[] {
  const known = new Array<readonly number[] | undefined>(SLOTS).fill(undefined);
  const sizes = new Array<number>(MAX_SHARED).fill(0);
  return (at) => {
    let count = 0;
    let hash = 0;
    let size = -1;
    for (let p = at + 1; ; p++) {
      const byte = bytes[p]!;
      const digit = byte - 0x30;
      if (digit >= 0 && digit <= 9) size = (size < 0 ? 0 : size * 10) + digit;
      else if (size >= 0) {
        if (count === MAX_SHARED) return Object.freeze(longShape(bytes, at));
        hash = Math.imul(hash ^ size, 0x9e3779b1) ^ (hash >>> 15);
        sizes[count++] = size;
        size = -1;
      }
      if (byte === CLOSE_BRACKET) break;
    }
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = ((hash ^ (hash >>> 16)) + probe) & (SLOTS - 1);
      const shape = known[slot];
      if (shape === undefined) {
        known[slot] = Object.freeze(sizes.slice(0, count));
        return known[slot];
      }
      if (shape.length === count && startsWith(sizes, shape)) return shape;
    }
    return Object.freeze(sizes.slice(0, count));
  };
}

function startsWith(sizes: readonly number[], shape: readonly number[]): boolean {
  for (let d = 0; d < shape.length; d++) if (sizes[d] !== shape[d]) return false;
  return true;
}

// Counted first, so that a header full of dimensions costs no more than the array of them.
function longShape(bytes: Uint8Array, at: number): number[] {
  const end = bytes.indexOf(CLOSE_BRACKET, at);
  let dimensions = 1;
  for (let p = at; p < end; p++) if (bytes[p] === COMMA) dimensions++;
  const shape = new Array<number>(dimensions).fill(0);
  for (let p = at + 1, d = 0; p < end; p++) {
    const digit = bytes[p]! - 0x30;
    if (bytes[p] === COMMA) d++;
    else if (digit >= 0 && digit <= 9) shape[d] = shape[d]! * 10 + digit;
  }
  return shape;
}
