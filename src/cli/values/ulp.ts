/** Distances between floats in steps of their dtype. */
import type { Dtype } from "../../index.node.ts";

/**
 * The distance between floats in steps from one to the next of their dtype, for elements of the same place in two
 * pieces of bytes; `undefined` for dtypes that are no floats. Both zeros are one step's width apart from the least
 * numbers on either side, and at no distance from each other.
 */
export type UlpDistance = (index: number) => number;

/** Reads the distance of elements from their bits: for floats, the order of codes is the order of numbers. */
export function ulpDistance(dtype: Dtype, a: Uint8Array, b: Uint8Array): UlpDistance | undefined {
  switch (dtype) {
    case "F64":
      return doubles(a, b);
    case "F32":
    case "C64": {
      const [x, y] = [new Int32Array(...aligned(a, 4)), new Int32Array(...aligned(b, 4))];
      const order = (code: number) => (code < 0 ? -(code & 0x7fff_ffff) : code);
      return (i) => Math.abs(order(x[i]!) - order(y[i]!));
    }
    case "F16":
    case "BF16": {
      const [x, y] = [new Uint16Array(...aligned(a, 2)), new Uint16Array(...aligned(b, 2))];
      return (i) => Math.abs(magnitude(x[i]!, 0x8000) - magnitude(y[i]!, 0x8000));
    }
    case "F8_E8M0":
      return (i) => Math.abs(a[i]! - b[i]!);
    case "F8_E5M2":
    case "F8_E4M3":
    case "F8_E4M3FNUZ":
    case "F8_E5M2FNUZ":
      return (i) => Math.abs(magnitude(a[i]!, 0x80) - magnitude(b[i]!, 0x80));
    case "F4": {
      const nibble = (bytes: Uint8Array, i: number) =>
        i % 2 === 0 ? bytes[i >> 1]! & 15 : bytes[i >> 1]! >> 4;
      return (i) => Math.abs(magnitude(nibble(a, i), 8) - magnitude(nibble(b, i), 8));
    }
    default:
      return undefined;
  }
}

function magnitude(code: number, sign: number): number {
  return code & sign ? -(code & (sign - 1)) : code;
}

// In halves, for a double has no room for 64 bits: exact where the two are less than 2^53 steps apart.
function doubles(a: Uint8Array, b: Uint8Array): UlpDistance {
  const [x, y] = [new Uint32Array(...aligned(a, 4)), new Uint32Array(...aligned(b, 4))];
  return (i) => {
    const [p, q] = [x[2 * i + 1]!, y[2 * i + 1]!];
    const [low, other] = [x[2 * i]!, y[2 * i]!];
    const [s, t] = [p >= 2 ** 31 ? -1 : 1, q >= 2 ** 31 ? -1 : 1];
    const high = s * (p % 2 ** 31) - t * (q % 2 ** 31);
    return Math.abs(high * 2 ** 32 + (s * low - t * other));
  };
}

function aligned(bytes: Uint8Array, width: number): [ArrayBuffer, number, number] {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return [buffer as ArrayBuffer, byteOffset, byteLength / width];
}
