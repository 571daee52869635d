/** Laying arrays out as numpy does. */
import type { Dtype } from "../../index.node.ts";
import { isFloat } from "../values/chunks.ts";
import { floatFormatter, formatSmallFloat, isSmallFloat } from "./float.ts";

/** Elements as they are printed: numbers, big integers, complex numbers as pairs of their parts. */
export type Element = number | bigint | readonly [real: number, imaginary: number];

/** An array of which the middle may be missing. */
export interface Corners {
  readonly dtype: Dtype;
  /** The whole shape. */
  readonly shape: readonly number[];
  /** How many places of each dimension are in `elements`: all, or {@link EDGE} from either end. */
  readonly kept: readonly number[];
  /** The elements that are there, in C order. */
  readonly elements: readonly Element[];
}

/** Larger arrays are printed by their corners only, as numpy has it. */
export const THRESHOLD = 1000;
/** Places at either end of a dimension that are printed then. */
export const EDGE = 3;

/** Prints an array as numpy's `print` does, in lines of at most `width` columns. */
export function printArray(array: Corners, width: number): string {
  const format = formatterOf(array);
  if (array.shape.length === 0) return format(array.elements[0]!).trim();
  if (array.shape.includes(0)) return "[]";
  return new Printer(array, format).print(0, 0, " ", width);
}

class Printer {
  readonly #array: Corners;
  readonly #format: (element: Element) => string;
  /** Elements to step over for each place of a dimension. */
  readonly #strides: readonly number[];

  constructor(array: Corners, format: (element: Element) => string) {
    this.#array = array;
    this.#format = format;
    const { kept } = array;
    this.#strides = kept.map((_, axis) => kept.slice(axis + 1).reduce((a, b) => a * b, 1));
  }

  print(axis: number, offset: number, indent: string, width: number): string {
    const { shape, kept } = this.#array;
    const stride = this.#strides[axis]!;
    const places = Array.from({ length: kept[axis]! }, (_, i) => offset + i * stride);
    const gap = kept[axis]! < shape[axis]! ? kept[axis]! / 2 : undefined;
    if (axis === shape.length - 1) return this.#row(places, gap, indent, width);
    const blocks = places.map((at) => this.print(axis + 1, at, `${indent} `, width - 1));
    if (gap !== undefined) blocks.splice(gap, 0, "...");
    const between = "\n".repeat(shape.length - axis - 1) + indent;
    return `[${blocks.join(between)}]`;
  }

  #row(places: readonly number[], gap: number | undefined, indent: string, width: number): string {
    const words = places.map((at) => this.#format(this.#array.elements[at]!));
    if (gap !== undefined) words.splice(gap, 0, "...");
    const lines: string[] = [];
    let line = indent;
    for (const word of words) {
      if (line.length + word.length > width - 1 && line.length > indent.length) {
        lines.push(line.trimEnd());
        line = indent;
      }
      line += `${word} `;
    }
    lines.push(line.slice(0, -1));
    return `[${lines.join("\n").slice(indent.length)}]`;
  }
}

function formatterOf({ dtype, elements, shape }: Corners): (element: Element) => string {
  if (dtype === "BOOL") {
    const yes = shape.length === 0 ? "True" : " True";
    return (element) => (element ? yes : "False");
  }
  if (dtype === "C64") {
    const pairs = elements as readonly (readonly [number, number])[];
    const real = floatFormatter(
      pairs.map(([re]) => re),
      dtype,
    );
    const imaginary = floatFormatter(
      pairs.map(([, im]) => im),
      dtype,
      true,
    );
    return (element) => {
      const [re, im] = element as readonly [number, number];
      const text = imaginary(im);
      const end = text.trimEnd().length;
      return `${real(re)}${text.slice(0, end)}j${text.slice(end)}`;
    };
  }
  if (isSmallFloat(dtype)) return (element) => formatSmallFloat(element as number);
  if (isFloat(dtype)) {
    const format = floatFormatter(elements as readonly number[], dtype);
    return (element) => format(element as number);
  }
  const width = elements.reduce<number>((most, element) => Math.max(most, String(element).length), 0);
  return (element) => String(element).padStart(width);
}
