import { type ArrayInfo, type Dtype, isDtype } from "../../index.node.ts";
import { UsageError } from "./exit.ts";
import { type Matcher, matcherOf } from "./patterns.ts";

/** Says which dtype a tensor shall have; `undefined` leaves it as it is. */
export type DtypeRule = (name: string, info: ArrayInfo) => Dtype | undefined;

// What numpy, JAX and PyTorch call them.
const ALIASES: Readonly<Record<string, Dtype>> = {
  half: "F16",
  fp16: "F16",
  float16: "F16",
  bfloat16: "BF16",
  fp32: "F32",
  float: "F32",
  float32: "F32",
  fp64: "F64",
  double: "F64",
  float64: "F64",
  float8_e4m3fn: "F8_E4M3",
  float8_e5m2: "F8_E5M2",
  float8_e8m0fnu: "F8_E8M0",
  float8_e4m3fnuz: "F8_E4M3FNUZ",
  float8_e5m2fnuz: "F8_E5M2FNUZ",
  float4_e2m1fn: "F4",
  complex64: "C64",
  bool_: "BOOL",
};

/** Reads a dtype as the format, numpy or PyTorch spell it: `BF16`, `bf16`, `bfloat16`, `int32`. */
export function parseDtype(text: string): Dtype {
  const name = text.trim().toLowerCase();
  const known = Object.hasOwn(ALIASES, name)
    ? ALIASES[name]!
    : name.replace(/^uint/, "u").replace(/^int/, "i").toUpperCase();
  if (isDtype(known)) return known;
  throw new UsageError(
    `${JSON.stringify(text)} is no dtype: expected bf16, f16, f32, f64, f8_e4m3, f8_e5m2, i8 … i64, u8 … u64, bool, c64`,
  );
}

/**
 * Reads `--dtype` options: `bf16` for all tensors of its kind (floats to a float, integers to an integer), and
 * `PATTERN=f32` for those that a pattern matches, whatever they are. The last pattern that matches decides, and any
 * pattern goes before a dtype for all.
 */
export function parseDtypeRules(texts: readonly string[]): DtypeRule {
  let all: Dtype | undefined;
  const rules: { readonly matches: Matcher; readonly dtype: Dtype }[] = [];
  for (const text of texts) {
    const at = text.lastIndexOf("=");
    const dtype = parseDtype(text.slice(at + 1));
    if (at < 0) all = dtype;
    else rules.unshift({ matches: matcherOf(text.slice(0, at)), dtype });
  }
  return (name, { dtype }) => {
    const rule = rules.find(({ matches }) => matches(name));
    if (rule !== undefined) return rule.dtype;
    return all !== undefined && kindOf(all) === kindOf(dtype) ? all : undefined;
  };
}

/** Which dtypes stand for one another: block scales and packed codes are floats by name only. */
function kindOf(dtype: Dtype): string {
  if (dtype === "F4" || dtype === "F8_E8M0" || dtype.startsWith("F6")) return dtype;
  if (/^B?F/.test(dtype)) return "float";
  return /^[IU]/.test(dtype) ? "integer" : dtype;
}
