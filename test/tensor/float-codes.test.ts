import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DTYPES } from "../../src/tensor/dtypes.ts";
import { type Codes, decodeFloats, encodeFloats, narrowToOdd } from "../../src/tensor/float-codes.ts";
import { type CodedFloat, FLOAT_FORMATS } from "../../src/tensor/float-formats.ts";
import { decodeTable, encodeTable, FIXTURES } from "./float-tables.ts";

const NAMES = Object.keys(FLOAT_FORMATS) as CodedFloat[];

function codesOf(dtype: CodedFloat, codes: ArrayLike<number>): Codes {
  if (dtype !== "F4") return DTYPES[dtype].array.from(codes);
  return Uint8Array.from({ length: codes.length / 2 }, (_, i) => codes[2 * i]! | (codes[2 * i + 1]! << 4));
}

function decode(dtype: CodedFloat, codes: ArrayLike<number>): Float32Array {
  const out = new Float32Array(codes.length);
  decodeFloats(dtype, codesOf(dtype, codes), out);
  return out;
}

function encode(dtype: CodedFloat, values: Float32Array): number[] {
  const packed = codesOf(dtype, new Uint8Array(values.length));
  encodeFloats(dtype, values, packed);
  return dtype === "F4" ? [...packed].flatMap((pair) => [pair & 15, pair >> 4]) : [...packed];
}

const hex = (bits: number) => `0x${(bits >>> 0).toString(16).padStart(8, "0")}`;
const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer);

describe.each(NAMES)("%s against ml_dtypes", (dtype) => {
  const decoded = decodeTable(dtype);
  const allCodes = Array.from(decoded, (_, code) => code);

  it("decodes every code to the same float32 bits", () => {
    const found = bitsOf(decode(dtype, allCodes));
    const wrong = allCodes.filter((code) => found[code] !== decoded[code]);
    expect(wrong.map((code) => [hex(code), hex(found[code]!), hex(decoded[code]!)])).toEqual([]);
  });

  it("encodes ties, their neighbours, edges, infinities and NaNs to the same codes", () => {
    const { bits, codes } = encodeTable(dtype);
    expect(bits.length % 2).toBe(0);
    const found = encode(dtype, new Float32Array(bits.buffer));
    const wrong = found.flatMap((code, i) => (code === codes[i] ? [] : [[hex(bits[i]!), code, codes[i]]]));
    expect(wrong).toEqual([]);
  });

  it("rounds float64 once, where float32 in between would round it to a tie", () => {
    const cases: Record<string, [string, number][]> = JSON.parse(
      readFileSync(new URL("doubles.json", FIXTURES), "utf8"),
    );
    const view = new DataView(new ArrayBuffer(8));
    const wrong = cases[dtype]!.flatMap(([bits, code]) => {
      view.setBigUint64(0, BigInt(`0x${bits}`));
      const narrow = new Float32Array(2);
      narrowToOdd(new Float64Array(2).fill(view.getFloat64(0)), narrow);
      const [found] = encode(dtype, narrow);
      return found === code ? [] : [[view.getFloat64(0), found, code]];
    });
    expect(wrong).toEqual([]);
  });

  it("encodes what it decoded to the code that it was", () => {
    const values = decode(dtype, allCodes);
    const again = encode(dtype, values);
    const changed = allCodes.filter((code) => !Number.isNaN(values[code]) && again[code] !== code);
    expect(changed).toEqual([]);
  });

  it("never puts a larger number at a smaller one's code", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), fc.float({ noNaN: true }), (a, b) => {
        const values = new Float32Array([Math.min(a, b), Math.max(a, b)]);
        const [low, high] = decode(dtype, encode(dtype, values));
        expect(low! > high!).toBe(false);
      }),
    );
  });
});

describe("narrowToOdd", () => {
  it("keeps what float32 holds, and gives an inexact number its odd neighbour", () => {
    const values = [
      0,
      -0,
      1.5,
      Number.NaN,
      Infinity,
      -Infinity,
      1 + 2 ** -40,
      1 - 2 ** -40,
      1e300,
      -1e300,
      1e-300,
    ];
    const out = new Float32Array(values.length);
    narrowToOdd(new Float64Array(values), out);
    expect([...out]).toEqual([
      0,
      -0,
      1.5,
      Number.NaN,
      Infinity,
      -Infinity,
      1 + 2 ** -23,
      1 - 2 ** -24,
      (2 - 2 ** -23) * 2 ** 127,
      -(2 - 2 ** -23) * 2 ** 127,
      2 ** -149,
    ]);
  });
});
