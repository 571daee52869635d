/** Reading `--dtype`. */
import { type ArrayInfo, type Dtype, isDtype } from "../../index.node.ts";
import { quote } from "../terminal/text.ts";
import { UsageError } from "./exit.ts";
import { type Matcher, matcherOf } from "./patterns.ts";

/** One `--dtype`. */
export interface DtypeRule {
  /** As it was given. */
  readonly text: string;
  /** The pattern that it is for; all tensors of the dtype's kind without one. */
  readonly pattern?: string;
  readonly dtype: Dtype;
  /** Whether it is for a tensor. */
  readonly takes: (name: string, info: Pick<ArrayInfo, "dtype">) => boolean;
}

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
    `${quote(text)} is not a dtype: expected bf16, f16, f32, f64, f8_e4m3, f8_e5m2, i8 … i64, u8 … u64, bool, c64`,
  );
}

/**
 * Reads `--dtype` options: `bf16` for all tensors of its kind (floats to a float, integers to an integer), and
 * `PATTERN=f32` for those that a pattern matches, whatever they are.
 */
export function parseDtypeRules(texts: readonly string[]): DtypeRule[] {
  return texts.map((text) => {
    const at = text.lastIndexOf("=");
    const dtype = parseDtype(text.slice(at + 1));
    if (at < 0) return { text, dtype, takes: (_, info) => kindOf(info.dtype) === kindOf(dtype) };
    const pattern = text.slice(0, at);
    const matches: Matcher = matcherOf(pattern);
    return { text, pattern, dtype, takes: (name) => matches(name) };
  });
}

/** The rule that decides about a tensor: the last pattern that takes it, else the last dtype for all. */
export function decidingRule(
  rules: readonly DtypeRule[],
  name: string,
  info: Pick<ArrayInfo, "dtype">,
): DtypeRule | undefined {
  const byPattern = rules.findLast(({ pattern, takes }) => pattern !== undefined && takes(name, info));
  return byPattern ?? rules.findLast(({ pattern, takes }) => pattern === undefined && takes(name, info));
}

/** What a dtype's numbers are called. */
export function kindName(dtype: Dtype): string {
  const kind = kindOf(dtype);
  return kind === "float" ? "floats" : kind === "integer" ? "integers" : kind;
}

/** Which dtypes stand for one another: block scales and packed codes are floats by name only. */
function kindOf(dtype: Dtype): string {
  if (dtype === "F4" || dtype === "F8_E8M0" || dtype.startsWith("F6")) return dtype;
  if (/^B?F/.test(dtype)) return "float";
  return /^[IU]/.test(dtype) ? "integer" : dtype;
}
