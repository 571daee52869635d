// Which bytes of a tensor make up a slice of it.
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";
import { DTYPES, type Dtype } from "../tensor/dtypes.ts";
import type { ByteRange } from "./read-plan.ts";
import { invalidSlice, parseSlice, type SliceIndex, type SliceInput } from "./slice-parse.ts";

/** Bytes of a tensor that lie together, and in the slice too. */
export interface SliceSpan extends ByteRange {
  /** Where the span begins in the slice, in bytes. */
  readonly offset: number;
}

/** Which bytes of a tensor make up a slice of it. */
export interface SlicePlan {
  readonly shape: readonly number[];
  /** The bytes of the slice in all. */
  readonly byteLength: number;
  /** How many spans there are. */
  readonly spanCount: number;
  /**
   * The spans in order; inner dimensions that are taken whole make one span.
   *
   * @param from Where the tensor's first byte is; spans are counted from there.
   */
  spans(from?: number): Iterable<SliceSpan>;
}

// `count` places from `start`, `step` apart.
interface Range {
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/**
 * Plans the read of a slice of a tensor in C order.
 *
 * @throws InvalidSlice if the slice doesn't fit the shape; MisalignedSlice if it would begin or end within a
 * byte, as it can with 4- and 6-bit dtypes.
 */
export function planSlice(dtype: Dtype, shape: readonly number[], slice: SliceInput): SlicePlan {
  if (typeof slice !== "string" && !Array.isArray(slice)) {
    const found = describeValue(slice);
    const expected = "an array with an entry for each dimension, or a string";
    throw invalidSlice(`a slice must be ${expected}, not ${found}`, expected, found);
  }
  const indices = expandEllipsis(typeof slice === "string" ? parseSlice(slice) : slice, shape);
  const ranges = shape.map((size, dimension) => resolve(indices[dimension], size, dimension, shape));
  const result = shape.flatMap((_, i) => (typeof indices[i] === "number" ? [] : [ranges[i]!.count]));
  const elements = ranges.reduce((product, { count }) => product * count, 1);
  const bits = DTYPES[dtype].bits;
  if (elements === 0) return { shape: result, byteLength: 0, spanCount: 0, spans: () => [] };

  // Inner dimensions of which all is taken, and the first that is taken in part, make one block of memory.
  let stride = 1;
  let block = 1;
  let first = 0;
  const outer: { count: number; stride: number }[] = [];
  for (let d = shape.length - 1; d >= 0; d--) {
    const { start, count, step } = ranges[d]!;
    first += start * stride;
    if (outer.length === 0 && block === stride && step === 1) block *= count;
    else if (count > 1) outer.unshift({ count, stride: stride * step });
    stride *= shape[d]!;
  }
  const steps = [first, block, ...outer.map((dimension) => dimension.stride)];
  if (steps.some((step) => (step * bits) % 8 !== 0)) {
    const message = `this slice of ${dtype}[${shape.join(",")}] would cut through bytes: its elements have ${bits} bits; slice outer dimensions, or begin and end at even indices`;
    throw new Pytree2SafetensorsError("MisalignedSlice", message, {
      expected: "spans of whole bytes",
      found: `${dtype}[${shape.join(",")}]`,
    });
  }
  const toBytes = bits / 8;
  return {
    shape: result,
    byteLength: elements * toBytes,
    spanCount: elements / block,
    spans: (from = 0) => walk(from + first * toBytes, block * toBytes, outer, toBytes),
  };
}

function* walk(
  first: number,
  size: number,
  outer: readonly { readonly count: number; readonly stride: number }[],
  toBytes: number,
): Generator<SliceSpan, void, undefined> {
  const at = new Float64Array(outer.length);
  let start = first;
  for (let offset = 0; ; offset += size) {
    yield { start, end: start + size, offset };
    let d = outer.length - 1;
    for (; d >= 0; d--) {
      const { count, stride } = outer[d]!;
      at[d]! += 1;
      start += stride * toBytes;
      if (at[d]! < count) break;
      at[d] = 0;
      start -= count * stride * toBytes;
    }
    if (d < 0) return;
  }
}

function expandEllipsis(slice: readonly (SliceIndex | "...")[], shape: readonly number[]): SliceIndex[] {
  const indices: SliceIndex[] = [];
  let ellipses = 0;
  for (const entry of slice) {
    if (entry !== "...") indices.push(entry);
    else if (ellipses++ === 0) {
      for (let whole = shape.length - slice.length + 1; whole > 0; whole--) indices.push(null);
    }
  }
  if (ellipses > 1) throw invalidSlice('a slice has at most one "..."', "one", `${ellipses}`);
  if (slice.length - ellipses > shape.length) {
    const found = `${slice.length - ellipses} entries`;
    const expected = `at most ${shape.length}, for shape [${shape.join(",")}]`;
    throw invalidSlice(`the slice has ${found}, expected ${expected}`, expected, found);
  }
  return indices;
}

function resolve(index: SliceIndex, size: number, dimension: number, shape: readonly number[]): Range {
  if (index === null || index === undefined || index === ":") return { start: 0, count: size, step: 1 };
  const fail = (expected: string) => {
    const found = describe(index);
    return invalidSlice(
      `slice ${found} of dimension ${dimension} in shape [${shape.join(",")}]: expected ${expected}`,
      expected,
      found,
    );
  };
  if (typeof index === "number") {
    const start = index < 0 ? index + size : index;
    const within = size === 0 ? "nothing, the dimension is empty" : `an integer from ${-size} to ${size - 1}`;
    if (!Number.isInteger(index) || start < 0 || start >= size) throw fail(within);
    return { start, count: 1, step: 1 };
  }
  if (typeof index !== "object") throw fail('a number, a range, null or ":"');
  const given = isTuple(index) ? { start: index[0], stop: index[1], step: index[2] } : index;
  const step = given.step ?? 1;
  const ends = [given.start ?? 0, given.stop ?? size] as const;
  if (!ends.every((end) => Number.isInteger(end))) throw fail("integers");
  if (!Number.isSafeInteger(step) || step < 1) throw fail("a positive step");
  const [start, stop] = ends.map((end) => Math.min(Math.max(end < 0 ? end + size : end, 0), size)) as [
    number,
    number,
  ];
  return { start, count: Math.max(0, Math.ceil((stop - start) / step)), step };
}

function describe(index: SliceIndex): string {
  if (typeof index === "number") return String(index);
  if (typeof index !== "object" || index === null) return describeValue(index);
  const ends: readonly unknown[] = isTuple(index) ? index : [index.start, index.stop, index.step];
  return `[${ends.map((end) => (end === null || end === undefined ? "" : typeof end === "number" ? end : describeValue(end))).join()}]`;
}

function isTuple(index: object): index is readonly (number | null | undefined)[] {
  return Array.isArray(index);
}
