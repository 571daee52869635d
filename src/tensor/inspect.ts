// How tensors look in `console.log`: dtype, shape and a few values.
import { type Dtype, type DtypeArray, lanes } from "./dtypes.ts";
import { elementsOf } from "./elements.ts";
import { spell } from "./size.ts";

/** Where Node and Bun look for an object's own way to be printed. */
export const NODE_INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** Where Deno looks for it. */
export const DENO_INSPECT: unique symbol = Symbol.for("Deno.customInspect") as never;

// As many as one sees at a glance; an even number, because two F4 values share a byte.
const MAX_VALUES = 8;

/** A tensor in a line: `F32[2,3] [1, 2, 3, 4, 5, 6]`, and of a long one the first values and how many more there are. */
export function inspectData<D extends Dtype>(
  dtype: D,
  shape: readonly number[],
  data: DtypeArray<D>,
): string {
  const count = data.length / lanes(dtype);
  const what = dtype + spell(shape);
  if (dtype.startsWith("F6_")) return `${what} (${data.byteLength} bytes)`;
  const first = data.subarray(0, Math.min(data.length, MAX_VALUES * lanes(dtype))) as DtypeArray<D>;
  const values = elementsOf(dtype, first).map((value) => inspectValue(value, dtype === "F64"));
  const more = count > MAX_VALUES ? [`… ${count - MAX_VALUES} more`] : [];
  return `${what} ${shape.length === 0 ? values[0] : `[${[...values, ...more].join(", ")}]`}`;
}

function inspectValue(value: unknown, isDouble: boolean): string {
  if (Array.isArray(value)) return `[${value.map((part) => inspectValue(part, isDouble)).join(", ")}]`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "number" || isDouble || !Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return "-0";
  // Floats of 32 bits and less have 7 digits that mean something; integers of 32 bits have up to 10.
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7)));
}
