import type { Dtype } from "./dtypes.ts";

/** How a float format of 16 bits or fewer spends its codes. */
export interface FloatFormat {
  /** The sign bit's mask; 0 if there is none. */
  readonly sign: number;
  /** Mantissa bits; the exponent has the rest. */
  readonly mantissa: number;
  readonly bias: number;
  /** The largest finite magnitude's code. */
  readonly max: number;
  /** What a magnitude beyond it becomes, infinity included: infinity, NaN, or the largest finite. */
  readonly over: number;
  /** What a NaN becomes; a negative one has the sign bit flipped. */
  readonly nan: number;
  /** FNUZ: there is no -0, and its code, which `over` and `nan` are, is the one NaN. */
  readonly unsignedZero?: true;
  /** A NaN keeps the upper bits of its mantissa (numpy's float16); elsewhere all NaNs become one. */
  readonly keepsPayload?: true;
}

/**
 * The float formats that JavaScript has no arrays for, as `ml_dtypes` defines them: all but F6, whose packing nobody has
 * specified. E8M0 has no sign, no zero and no mantissa: its codes are powers of two.
 */
export const FLOAT_FORMATS = {
  F4: { sign: 0x8, mantissa: 1, bias: 1, max: 0x7, over: 0x7, nan: 0x8 },
  F8_E5M2: { sign: 0x80, mantissa: 2, bias: 15, max: 0x7b, over: 0x7c, nan: 0x7e },
  F8_E4M3: { sign: 0x80, mantissa: 3, bias: 7, max: 0x7e, over: 0x7f, nan: 0x7f },
  F8_E8M0: { sign: 0, mantissa: 0, bias: 127, max: 0xfe, over: 0xff, nan: 0xff },
  F8_E4M3FNUZ: { sign: 0x80, mantissa: 3, bias: 8, max: 0x7f, over: 0x80, nan: 0x80, unsignedZero: true },
  F8_E5M2FNUZ: { sign: 0x80, mantissa: 2, bias: 16, max: 0x7f, over: 0x80, nan: 0x80, unsignedZero: true },
  F16: { sign: 0x8000, mantissa: 10, bias: 15, max: 0x7bff, over: 0x7c00, nan: 0x7e00, keepsPayload: true },
  BF16: { sign: 0x8000, mantissa: 7, bias: 127, max: 0x7f7f, over: 0x7f80, nan: 0x7fc0 },
} as const satisfies Partial<Record<Dtype, FloatFormat>>;

/** A dtype whose elements are codes of a {@link FloatFormat}. */
export type CodedFloat = keyof typeof FLOAT_FORMATS;

/** Whether the dtype's elements are codes of a {@link FloatFormat}. */
export function isCodedFloat(dtype: Dtype): dtype is CodedFloat {
  return Object.hasOwn(FLOAT_FORMATS, dtype);
}
