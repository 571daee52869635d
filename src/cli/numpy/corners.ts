/** Reading what numpy would print of a tensor: all of it, or its corners. */
import { parseSlice, type SafetensorsFile, type SliceIndex, type Tensor } from "../../index.node.ts";
import { UsageError } from "../args/exit.ts";
import { decode } from "../values/chunks.ts";
import { type Corners, EDGE, type Element, THRESHOLD } from "./print.ts";

/** `count` places of a dimension, `step` apart; a dimension that an index takes is `single`. */
interface Range {
  readonly start: number;
  readonly count: number;
  readonly step: number;
  readonly single: boolean;
}

/** Reads what is printed of a tensor, or of a slice of it: of a large one the corners alone. */
export async function readCorners(
  file: SafetensorsFile,
  name: string,
  options: { readonly slice?: string | undefined; readonly full: boolean; readonly signal: AbortSignal },
): Promise<Corners> {
  const { dtype, shape: whole } = file.info(name);
  const ranges = rangesOf(options.slice ?? "", whole);
  const shape = ranges.filter((range) => !range.single).map((range) => range.count);
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (size === 0) return { dtype, shape, kept: shape, elements: [] };
  const summarize = !options.full && size > THRESHOLD;
  const pieces = ranges.map((range) =>
    summarize && !range.single && range.count > 2 * EDGE ? ends(range) : [range],
  );
  const kept = ranges.flatMap((range, i) =>
    range.single ? [] : [pieces[i]!.reduce((sum, { count }) => sum + count, 0)],
  );
  const elements: Element[] = new Array(kept.reduce((a, b) => a * b, 1));
  for (const corner of product(pieces)) {
    const tensor = await file.slice(name, corner.map(toIndex), { signal: options.signal });
    place(tensor, corner, ranges, kept, elements);
  }
  return { dtype, shape, kept, elements };
}

/** Puts the elements of a corner where they belong among those of all corners. */
function place(
  tensor: Tensor,
  corner: readonly Range[],
  ranges: readonly Range[],
  kept: readonly number[],
  elements: Element[],
): void {
  const values = elementsOf(tensor);
  const axes = corner.flatMap((range, i) =>
    range.single ? [] : [{ range, isEnd: range.start !== ranges[i]!.start }],
  );
  const at = axes.map(() => 0);
  for (const value of values) {
    let offset = 0;
    for (const [axis, { range, isEnd }] of axes.entries()) {
      offset = offset * kept[axis]! + at[axis]! + (isEnd ? kept[axis]! - range.count : 0);
    }
    elements[offset] = value;
    for (let axis = axes.length - 1; axis >= 0 && ++at[axis]! === axes[axis]!.range.count; axis--)
      at[axis] = 0;
  }
}

function elementsOf(tensor: Tensor): readonly Element[] {
  const { data, dtype } = tensor;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Array.from(data);
  const numbers = decode(dtype, tensor.bytes);
  if (dtype !== "C64") return Array.from(numbers);
  return Array.from(
    { length: numbers.length / 2 },
    (_, i) => [numbers[2 * i]!, numbers[2 * i + 1]!] as const,
  );
}

function toIndex({ start, count, step, single }: Range): number | readonly [number, number, number] {
  return single ? start : [start, start + (count - 1) * step + 1, step];
}

function ends(range: Range): Range[] {
  const { start, count, step } = range;
  return [
    { ...range, count: EDGE },
    { ...range, start: start + (count - EDGE) * step, count: EDGE },
  ];
}

function product<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((head) => list.map((item) => [...head, item])), [[]]);
}

/** The places that a slice in numpy's spelling takes of an array of this shape. */
function rangesOf(text: string, shape: readonly number[]): Range[] {
  const entries = parseSlice(text);
  const dots = entries.indexOf("...");
  const given = entries.length - (dots < 0 ? 0 : 1);
  if (given > shape.length) {
    throw new UsageError(
      `--slice has ${given} entries, the tensor has ${shape.length} dimensions: [${shape.join(", ")}]`,
    );
  }
  const rest = Array.from({ length: shape.length - given }, () => null);
  const all = dots < 0 ? [...entries, ...rest] : entries.flatMap((entry, i) => (i === dots ? rest : [entry]));
  return all.map((entry, dimension) => rangeOf(entry as SliceIndex, shape[dimension]!, dimension));
}

function rangeOf(entry: SliceIndex, size: number, dimension: number): Range {
  const fail = (expected: string, found: number) =>
    new UsageError(
      `--slice: dimension ${dimension} has ${size} places: expected ${expected}, found ${found}`,
    );
  if (typeof entry === "number") {
    const start = entry < 0 ? entry + size : entry;
    if (start < 0 || start >= size)
      throw fail(size === 0 ? "a range" : `an index from ${-size} to ${size - 1}`, entry);
    return { start, count: 1, step: 1, single: true };
  }
  // `parseSlice` spells ranges as objects.
  const { start, stop, step } = (entry ?? {}) as Partial<Record<"start" | "stop" | "step", number | null>>;
  const clamp = (value: number) => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
  if ((step ?? 1) < 1) throw fail("a positive step", step!);
  const [first, end, stride] = [clamp(start ?? 0), clamp(stop ?? size), step ?? 1];
  return { start: first, count: Math.max(0, Math.ceil((end - first) / stride)), step: stride, single: false };
}
