/** Counts finite values that a narrowing cast makes infinity or NaN. */
import { DTYPES, type Dtype, type DtypeArray, lanes } from "./dtypes.ts";
import { type Codes, decodeFloats } from "./float-codes.ts";
import { type CodedFloat, FLOAT_FORMATS, type FloatFormat, isCodedFloat } from "./float-formats.ts";

/** What a cast has lost so far, added up over the pieces of a tensor. */
export class Overflow {
  /** How many finite values became infinity or NaN. */
  count = 0;
  /** The largest of their magnitudes. */
  largest = 0;

  /** Looks at a piece that was converted. */
  add(source: DtypeArray, from: Dtype, target: DtypeArray, to: Dtype): void {
    if (!mayOverflow(from, to)) return;
    // Most pieces have nothing to tell: what costs is finding that out.
    const first = isCodedFloat(to)
      ? firstCode(target as Codes, to, 0)
      : firstNumber(target as Float32Array, 0);
    if (first < 0) return;
    const values = numbersOf(source, from);
    for (let i = first; i >= 0; ) {
      const value = values[i]!;
      if (Number.isFinite(value)) {
        this.count++;
        this.largest = Math.max(this.largest, Math.abs(value));
      }
      i = isCodedFloat(to)
        ? firstCode(target as Codes, to, i + 1)
        : firstNumber(target as Float32Array, i + 1);
    }
  }
}

/** Whether a float dtype has finite values that another has no finite code for. F4 saturates, so it loses none. */
function mayOverflow(from: Dtype, to: Dtype): boolean {
  const isFloat = (dtype: Dtype) => /^(B?F|C)/.test(dtype);
  return isFloat(from) && isFloat(to) && from !== to && to !== "F4" && to !== "F64" && DTYPES[to].bits <= 64;
}

/** The first infinity or NaN from an index on, or -1. */
function firstNumber(values: Float32Array, from: number): number {
  for (let i = from; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** The same among the codes of a float format. */
function firstCode(codes: Codes, dtype: CodedFloat, from: number): number {
  const { sign, max, unsignedZero }: FloatFormat = FLOAT_FORMATS[dtype];
  // FNUZ formats have one such code; in the others all magnitudes above the largest finite one are.
  const magnitude = unsignedZero ? 0xff : sign === 0 ? 0xff : sign - 1;
  const [low, high] = unsignedZero ? [sign - 1, sign] : [max, 0xffff];
  for (let i = from; i < codes.length; i++) {
    const code = codes[i]! & magnitude;
    if (code > low && code <= high) return i;
  }
  return -1;
}

function numbersOf(source: DtypeArray, from: Dtype): ArrayLike<number> {
  if (!isCodedFloat(from)) return source as Exclude<DtypeArray, BigInt64Array | BigUint64Array>;
  const floats = new Float32Array(source.length / lanes(from));
  decodeFloats(from, source as Codes, floats);
  return floats;
}
