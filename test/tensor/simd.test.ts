import { afterEach, describe, expect, it, vi } from "vitest";
import { decodeFloats, encodeFloats, setFastFloats } from "../../src/tensor/float-codes.ts";
import { decodeFast, encodeFast } from "../../src/tensor/simd/float-kernels.ts";
import { decodeTable, encodeTable } from "./float-tables.ts";

// More than one block of the kernels' memory, and no whole number of their rounds.
const COUNT = 2 ** 16 + 2 ** 14 + 5;

describe.each(["F16", "BF16"] as const)("WebAssembly's %s against ml_dtypes", (dtype) => {
  it("decodes every code to the same float32 bits", () => {
    const expected = decodeTable(dtype);
    const codes = Uint16Array.from({ length: COUNT }, (_, i) => i);
    const found = new Float32Array(COUNT);
    expect(decodeFast(dtype, codes, found)).toBe(true);
    const bits = new Uint32Array(found.buffer);
    expect([...codes.keys()].filter((i) => bits[i] !== expected[codes[i]!])).toEqual([]);
  });

  it("encodes ties, their neighbours, edges, infinities and NaNs to the same codes", () => {
    const { bits, codes } = encodeTable(dtype);
    const count = Math.max(COUNT, bits.length + 3);
    const values = new Float32Array(
      Uint32Array.from({ length: count }, (_, i) => bits[i % bits.length]!).buffer,
    );
    const found = new Uint16Array(count);
    expect(encodeFast(dtype, values, found)).toBe(true);
    expect([...found.keys()].filter((i) => found[i] !== codes[i % bits.length])).toEqual([]);
  });

  it("encodes all kinds of bits as the loop does, and reads and writes nothing beside its arrays", () => {
    const bits = new Uint32Array(COUNT + 2);
    for (let i = 0; i < bits.length; i++) bits[i] = Math.imul(i, 2654435761);
    const values = new Float32Array(bits.buffer, 4, COUNT);
    const [fast, slow] = [new Uint16Array(COUNT + 2).fill(7), new Uint16Array(COUNT + 2).fill(7)];
    expect(encodeFast(dtype, values, fast.subarray(1, -1))).toBe(true);
    encodeFloats(dtype, values, slow.subarray(1, -1));
    expect(fast).toEqual(slow);
  });
});

describe("what is left to the loops", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it("is what is small, and what other formats have", () => {
    const large = new Float32Array(COUNT);
    expect(encodeFast("BF16", large.subarray(0, 100), new Uint16Array(100))).toBe(false);
    expect(decodeFast("BF16", new Uint16Array(100), large.subarray(0, 100))).toBe(false);
    expect(encodeFast("F8_E4M3", large, new Uint8Array(COUNT))).toBe(false);
    expect(decodeFast("F8_E4M3", new Uint8Array(COUNT), large)).toBe(false);
  });

  it("is everything where WebAssembly is missing or forbidden", async () => {
    for (const WebAssembly of [undefined, { Module: forbidden, Instance: forbidden }]) {
      vi.stubGlobal("WebAssembly", WebAssembly);
      vi.resetModules();
      const { encodeFast, decodeFast } = await import("../../src/tensor/simd/float-kernels.ts");
      expect(encodeFast("F16", new Float32Array(COUNT), new Uint16Array(COUNT))).toBe(false);
      expect(decodeFast("F16", new Uint16Array(COUNT), new Float32Array(COUNT))).toBe(false);
    }
  });

  it("is nothing that a platform has taught", () => {
    const encode = vi.fn(() => true);
    const decode = vi.fn(() => true);
    setFastFloats({ encode, decode });
    encodeFloats("F16", new Float32Array(1), new Uint16Array(1));
    decodeFloats("F16", new Uint16Array(1), new Float32Array(1));
    setFastFloats(undefined);
    expect([encode.mock.calls.length, decode.mock.calls.length]).toEqual([1, 1]);
  });
});

function forbidden(): never {
  throw new Error("Refused to compile or instantiate WebAssembly module");
}
