// Arrays in numpy's file format, and tables as CSV.

import { shortest } from "../../../src/cli/numpy/float.ts";
import type { Element } from "../../../src/cli/numpy/print.ts";
import { isFloat } from "../../../src/cli/values/chunks.ts";
import { DTYPES, type Dtype, type SafetensorsFile } from "../../../src/index.ts";
import { orderOf, type Part, sliceOf } from "./slice.ts";

// What numpy calls the dtypes that it has; it takes the others widened to float32.
const NUMPY: Readonly<Partial<Record<Dtype, string>>> = {
  BOOL: "|b1",
  I8: "|i1",
  U8: "|u1",
  I16: "<i2",
  U16: "<u2",
  I32: "<i4",
  U32: "<u4",
  I64: "<i8",
  U64: "<u8",
  F16: "<f2",
  F32: "<f4",
  F64: "<f8",
  C64: "<c8",
};

/** The dtype that numpy gets of one of the format's. */
export function numpyDtypeOf(dtype: Dtype): Dtype {
  return NUMPY[dtype] === undefined ? "F32" : dtype;
}

/** The beginning of a `.npy` file, version 1. */
export function npyHeader(dtype: Dtype, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${NUMPY[dtype]}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  // With magic, version and length the header ends at a multiple of 64, with a line break.
  const length = Math.ceil((text.length + 11) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length).fill(0x20);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 0xff, length >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[bytes.length - 1] = 0x0a;
  return bytes;
}

/** A whole tensor as a `.npy` file; the browser keeps large ones on the disk. */
export async function tensorAsNpy(file: SafetensorsFile, name: string, signal: AbortSignal): Promise<Blob> {
  const { dtype, shape } = file.info(name);
  const target = numpyDtypeOf(dtype);
  const options = { signal, ...(target !== dtype && { cast: target }) };
  const parts: Blob[] = [new Blob([npyHeader(target, shape)])];
  for await (const chunk of file.stream(name, options))
    parts.push(new Blob([chunk as Uint8Array<ArrayBuffer>]));
  return new Blob(parts, { type: "application/octet-stream" });
}

/** A matrix of a tensor as a `.npy` file of two dimensions. */
export async function sliceAsNpy(
  file: SafetensorsFile,
  name: string,
  { axes, down, across }: Part,
  signal: AbortSignal,
): Promise<Blob> {
  const { dtype, shape } = file.info(name);
  const target = numpyDtypeOf(dtype);
  const options = { signal, ...(target !== dtype && { cast: target }) };
  const { bytes } = await file.slice(name, sliceOf(shape, axes, down, across), options);
  const width = DTYPES[target].bits / 8;
  const order = orderOf(axes, down.count, across.count);
  const ordered = new Uint8Array(bytes.byteLength);
  for (let i = 0; i < down.count * across.count; i++)
    ordered.set(bytes.subarray(i * width, (i + 1) * width), order(i) * width);
  return new Blob([npyHeader(target, [down.count, across.count]), ordered]);
}

/** Elements as CSV, a line for each row; each number has the digits that tell it from its neighbours in its dtype. */
export function asCsv(dtype: Dtype, columns: number, elements: readonly Element[]): Blob {
  const spell = (element: Element): string => {
    if (Array.isArray(element)) {
      const [real, imaginary] = element as readonly [number, number];
      return `${number(real)}${imaginary < 0 ? "" : "+"}${number(imaginary)}j`;
    }
    if (dtype === "BOOL") return element ? "True" : "False";
    return isFloat(dtype) ? number(element as number) : String(element);
  };
  const number = (value: number) => {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    const sign = value < 0 || Object.is(value, -0) ? "-" : "";
    return sign + String(Number(shortest(Math.abs(value), dtype)));
  };
  const lines: string[] = [];
  for (let at = 0; at < elements.length; at += columns) {
    lines.push(
      `${elements
        .slice(at, at + columns)
        .map(spell)
        .join(",")}\n`,
    );
  }
  return new Blob(lines, { type: "text/csv" });
}
