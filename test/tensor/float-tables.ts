/** What ml_dtypes and numpy make of codes and numbers, as interop/generate_float_tables.py wrote it. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { DTYPES, type DtypeArray } from "../../src/tensor/dtypes.ts";
import type { CodedFloat } from "../../src/tensor/float-formats.ts";

export const FIXTURES = new URL("../fixtures/floats/", import.meta.url);

/** The float32 bits of every code. */
export function decodeTable(dtype: CodedFloat): Uint32Array<ArrayBuffer> {
  return sum(new Uint32Array(readTable(`${dtype}.decode.gz`)));
}

/** Bits of float32: ties, their neighbours, edges, infinities and NaNs; and the code of each. */
export function encodeTable(dtype: CodedFloat): {
  bits: Uint32Array<ArrayBuffer>;
  codes: DtypeArray<CodedFloat>;
} {
  const table = readTable(`${dtype}.encode.gz`);
  const count = new Uint32Array(table, 0, 1)[0]!;
  const bits = sum(new Uint32Array(table, 4, count));
  return { bits, codes: new DTYPES[dtype].array(table, 4 + 4 * count, count) };
}

function readTable(file: string): ArrayBuffer {
  return new Uint8Array(gunzipSync(readFileSync(new URL(file, FIXTURES)))).buffer;
}

// Fixtures hold differences; Uint32Array wraps as they do.
function sum(steps: Uint32Array): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(steps.length);
  steps.forEach((step, i) => {
    bits[i] = (bits[i - 1] ?? 0) + step;
  });
  return bits;
}
