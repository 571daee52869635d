/** Counts finite values that a narrowing cast makes infinity or NaN. */
import { DTYPES, type Dtype, type DtypeArray, lanes } from "./dtypes.ts";
import { type Codes, decodeFloats } from "./float-codes.ts";
import { FLOAT_FORMATS, isCodedFloat } from "./float-formats.ts";

/** What a cast has lost so far, added up over the pieces of a tensor. */
export class Overflow {
  /** How many finite values became infinity or NaN. */
  count = 0;
  /** The largest of their magnitudes. */
  largest = 0;

  /** Looks at a piece that was converted. */
  add(source: DtypeArray, from: Dtype, target: DtypeArray, to: Dtype): void {
    if (!mayOverflow(from, to)) return;
    let values: ArrayLike<number> | undefined;
    const { length } = target;
    const isLost = lossTest(target, to);
    for (let i = 0; i < length; i++) {
      if (!isLost(i)) continue;
      values ??= numbersOf(source, from);
      const value = values[i]!;
      if (!Number.isFinite(value)) continue;
      this.count++;
      this.largest = Math.max(this.largest, Math.abs(value));
    }
  }
}

/** Whether a float dtype has finite values that another has no finite code for. F4 saturates, so it loses none. */
function mayOverflow(from: Dtype, to: Dtype): boolean {
  const isFloat = (dtype: Dtype) => /^(B?F|C)/.test(dtype);
  return isFloat(from) && isFloat(to) && from !== to && to !== "F4" && to !== "F64" && DTYPES[to].bits <= 64;
}

/** Whether element `i` of the target is infinity or NaN. */
function lossTest(target: DtypeArray, to: Dtype): (i: number) => boolean {
  if (!isCodedFloat(to)) return (i) => !Number.isFinite(target[i] as number);
  const { sign, max, unsignedZero } = FLOAT_FORMATS[to] as (typeof FLOAT_FORMATS)[typeof to] & {
    unsignedZero?: true;
  };
  const codes = target as Codes;
  if (unsignedZero) return (i) => codes[i] === sign;
  const magnitude = sign === 0 ? 0xff : sign - 1;
  return (i) => (codes[i]! & magnitude) > max;
}

function numbersOf(source: DtypeArray, from: Dtype): ArrayLike<number> {
  if (!isCodedFloat(from)) return source as Exclude<DtypeArray, BigInt64Array | BigUint64Array>;
  const floats = new Float32Array(source.length / lanes(from));
  decodeFloats(from, source as Codes, floats);
  return floats;
}
