import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { BIG, bigName, bigRow } from "./sparse-layout.ts";

/** A tensor of a sparse file: what of its data is written, the rest being a hole. */
export interface SparseTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Bytes to write, each with its offset in the tensor. */
  readonly written?: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

/**
 * Writes a safetensors file whose data are holes but for what is given, by hand and not by the library: the
 * file is what the tests hold the library against. Gives where the data start.
 */
export function writeSparse(path: string, tensors: readonly SparseTensor[]): number {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape, byteLength }) => {
    const begin = end;
    end += byteLength;
    return `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`;
  });
  const json = `{${entries.join(",")}}`;
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.byteLength));
  const dataStart = 8 + header.byteLength;
  const fd = openSync(path, "w");
  try {
    writeSync(fd, prefix, 0, 8, 0);
    writeSync(fd, header, 0, header.byteLength, 8);
    ftruncateSync(fd, dataStart + end);
    let begin = dataStart;
    for (const { byteLength, written = [] } of tensors) {
      for (const { at, bytes } of written) writeSync(fd, bytes, 0, bytes.byteLength, begin + at);
      begin += byteLength;
    }
  } finally {
    closeSync(fd);
  }
  return dataStart;
}

/** Writes the 10 GB file of `sparse-layout.ts`. Gives where the data start. */
export function writeBig(path: string): number {
  const { tensors, rows, columns, tensorBytes } = BIG;
  return writeSparse(
    path,
    Array.from({ length: tensors }, (_, index) => ({
      name: bigName(index),
      dtype: "F32",
      shape: [rows, columns],
      byteLength: tensorBytes,
      written: [{ at: 0, bytes: new Uint8Array(bigRow(index).buffer) }],
    })),
  );
}
