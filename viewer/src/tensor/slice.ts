// Two dimensions of a tensor as a matrix: which axes, which places, and how their elements are read.

import type { Element } from "../../../src/cli/numpy/print.ts";
import { decode, type Numbers } from "../../../src/cli/values/chunks.ts";
import { DTYPES, type SafetensorsFile } from "../../../src/index.ts";

/** Places of an axis: `count` of them from `start`, `step` apart. */
export interface Span {
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/** Which two axes lie down and across, and the index of every other. */
export interface Axes {
  /** The axis whose places are rows; -1 where the tensor has fewer dimensions. */
  readonly down: number;
  readonly across: number;
  readonly indices: readonly number[];
}

/** A matrix of elements in row order. */
export interface Matrix<T> {
  readonly rows: number;
  readonly columns: number;
  readonly elements: T;
}

/** The last two axes, and the first place of all others. */
export function firstAxes(shape: readonly number[]): Axes {
  const rank = shape.length;
  return { down: rank - 2 >= 0 ? rank - 2 : -1, across: rank - 1, indices: shape.map(() => 0) };
}

/** How many places an axis has; an axis that is not there has one. */
export function placesOf(shape: readonly number[], axis: number): number {
  return axis < 0 ? 1 : shape[axis]!;
}

type Picked = number | readonly [start: number, stop: number, step: number];

/** The part of a tensor that is a matrix, as {@link SafetensorsFile.slice} takes it. */
export function sliceOf(shape: readonly number[], axes: Axes, down: Span, across: Span): Picked[] {
  return shape.map((_, axis) => {
    if (axis !== axes.down && axis !== axes.across) return axes.indices[axis] ?? 0;
    const { start, count, step } = axis === axes.down ? down : across;
    return [start, start + (count - 1) * step + 1, step] as const;
  });
}

/** A part of a tensor that is a matrix. */
export interface Part {
  readonly axes: Axes;
  readonly down: Span;
  readonly across: Span;
}

/** Reads a matrix as numbers; of complex elements the real part. */
export async function readMatrix(
  file: SafetensorsFile,
  name: string,
  part: Part,
  signal: AbortSignal,
): Promise<Matrix<Float64Array>> {
  const { dtype } = file.info(name);
  const { axes, down, across } = part;
  const values = await readPart(file, name, part, signal);
  const parts = dtype === "C64" ? 2 : 1;
  const elements = new Float64Array(down.count * across.count);
  const order = orderOf(axes, down.count, across.count);
  for (let i = 0; i < elements.length; i++) elements[order(i)] = Number(values[i * parts]!);
  return { rows: down.count, columns: across.count, elements };
}

/** Reads a matrix as exact elements: big integers and complex pairs as they are. */
export async function readElements(
  file: SafetensorsFile,
  name: string,
  part: Part,
  signal: AbortSignal,
): Promise<Matrix<readonly Element[]>> {
  const { dtype } = file.info(name);
  const { axes, down, across } = part;
  const values = await readPart(file, name, part, signal);
  const elements: Element[] = new Array(down.count * across.count);
  const order = orderOf(axes, down.count, across.count);
  for (let i = 0; i < elements.length; i++) {
    elements[order(i)] =
      dtype === "C64" ? ([Number(values[2 * i]), Number(values[2 * i + 1])] as const) : values[i]!;
  }
  return { rows: down.count, columns: across.count, elements };
}

type Values = Numbers | BigInt64Array | BigUint64Array;

/** The elements of a part in the order of the tensor's axes. */
async function readPart(
  file: SafetensorsFile,
  name: string,
  { axes, down, across }: Part,
  signal: AbortSignal,
): Promise<Values> {
  const { dtype, shape, byteLength } = file.info(name);
  if (down.count * across.count === 0) return new Float64Array(0);
  if (DTYPES[dtype].bits % 8 === 0) {
    const tensor = await file.slice(name, sliceOf(shape, axes, down, across), { signal });
    const { data } = tensor;
    return data instanceof BigInt64Array || data instanceof BigUint64Array
      ? data
      : decode(dtype, tensor.bytes);
  }
  // Packed elements share bytes, so the whole tensor is read and the part picked from it.
  if (byteLength > MOST_PACKED_BYTES) {
    throw new Error(
      `this tensor is too large to show: ${dtype} is packed, so all of its ${byteLength} bytes would have to be read`,
    );
  }
  const all = decode(dtype, (await file.tensor(name, { signal })).bytes);
  return pick(all, shape, sliceOf(shape, axes, down, across));
}

const MOST_PACKED_BYTES = 64 * 2 ** 20;

function pick(all: Numbers, shape: readonly number[], slice: readonly Picked[]): Float64Array {
  let offsets = [0];
  for (const [axis, entry] of slice.entries()) {
    const [start, stop, step] = typeof entry === "number" ? [entry, entry + 1, 1] : entry;
    const places: number[] = [];
    for (const offset of offsets) {
      for (let at = start; at < stop; at += step) places.push(offset * shape[axis]! + at);
    }
    offsets = places;
  }
  return Float64Array.from(offsets, (offset) => all[offset]!);
}

/** Where the element of a slice goes: a slice keeps the tensor's order of axes, a matrix has its own. */
export function orderOf({ down, across }: Axes, rows: number, columns: number): (index: number) => number {
  if (down < across) return (index) => index;
  return (index) => (index % rows) * columns + Math.floor(index / rows);
}
