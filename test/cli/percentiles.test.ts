import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSafetensors, save, Tensor } from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { CHUNK_ELEMENTS } from "../../src/cli/values/chunks.ts";
import { percentilesOf } from "../../src/cli/values/percentiles.ts";
import { Selection } from "../../src/cli/values/selection.ts";
import { commandIn, temporaryFolder } from "./run.ts";

// Made by numpy: see percentiles_golden.py.
const GOLDEN: {
  dtype: "F32" | "F64" | "I32" | "U8";
  values: number[];
  percents: number[];
  expected: number[];
}[] = JSON.parse(readFileSync(join(import.meta.dirname, "percentiles.json"), "utf8"));

const folder = temporaryFolder();
const p2s = commandIn(folder);
const signal = new AbortController().signal;
const ARRAYS = { F32: Float32Array, F64: Float64Array, I32: Int32Array, U8: Uint8Array };

describe("percentilesOf", () => {
  it.each(GOLDEN.map((golden, i) => ({ i, ...golden })))(
    "are numpy's for array $i of $dtype",
    async ({ dtype, values, percents, expected }) => {
      await using file = await openSafetensors(save({ x: ARRAYS[dtype].from(values) }));
      const found = await percentilesOf(file, "x", percents, signal);
      expect(found.map(({ value }) => value)).toEqual(expected);
    },
  );

  it.each(["F32", "BF16", "F64", "I32", "U32", "I64", "I8"] as const)(
    "of %s are the same whether values are sorted or counted",
    async (dtype) => {
      // Longer than what is sorted, with a tail that says which.
      const count = CHUNK_ELEMENTS + 5;
      const numbers = Float64Array.from({ length: count }, (_, i) => ((i * 7919) % 100_003) - 50_000);
      const source = Tensor.from(numbers).cast(dtype === "BF16" ? "BF16" : dtype, { lossy: true });
      await using file = await openSafetensors(save({ x: source }));
      const percents = [0, 1, 33.3, 50, 99, 100];
      const sorted = Float64Array.from(source.cast("F64", { lossy: true }).data as Float64Array).sort();
      const found = await percentilesOf(file, "x", percents, signal);
      for (const { percent, value } of found) {
        const place = (percent / 100) * (count - 1);
        const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.min(Math.floor(place) + 1, count - 1)]!];
        expect(value).toBeCloseTo(low + (high - low) * (place - Math.floor(place)), 6);
      }
    },
    60_000,
  );

  it("leave out what is not finite", async () => {
    const values = Float32Array.of(Number.NaN, 3, Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY, 2);
    await using file = await openSafetensors(save({ x: values, none: Float32Array.of(Number.NaN) }));
    expect(await percentilesOf(file, "x", [50], signal)).toEqual([{ percent: 50, value: 2 }]);
    expect(await percentilesOf(file, "none", [50], signal)).toEqual([{ percent: 50, value: Number.NaN }]);
  });
});

describe("Selection", () => {
  it.each([
    [Float64Array.of(-0, 0, 5e-324, -5e-324, 1e308, -1e308, Number.NaN, 1, 1 + 2 ** -52)],
    [Float32Array.of(-0, 0, 1e-45, -1e-45, 3e38, -3e38, Number.NaN, 1, 1 + 2 ** -23)],
    [Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0, -1, 1)],
    [Uint32Array.of(2 ** 32 - 1, 0, 65535, 65536)],
    [Int8Array.of(-128, 127, 0)],
  ])("finds the value at every rank of %j", (values) => {
    const selection = new Selection();
    selection.count(values);
    const sorted = [...values].filter(Number.isFinite).sort((a, b) => a - b);
    expect(selection.total).toBe(sorted.length);
    selection.want(sorted.keys());
    while (selection.next()) selection.count(values);
    expect(sorted.map((_, rank) => selection.valueAt(rank) + 0)).toEqual(sorted.map((value) => value + 0));
  });
});

describe("p2s stats --percentiles", () => {
  it("adds columns, and says no to what is not a percentage", async () => {
    writeFileSync("x.safetensors", save({ a: Float32Array.of(1, 2, 3), b: Float32Array.of(4) }));
    const { stdout } = await p2s(["stats", "x.safetensors", "-p", "50,90"]);
    expect(stdout).toMatch(/50 % +90 %/);
    expect(stdout).toMatch(/^a .* 2 +2\.8 /m);
    expect(await p2s(["stats", "x.safetensors", "-p", "101"])).toMatchObject({ code: 2 });
    const json = JSON.parse((await p2s(["stats", "x.safetensors", "a", "--json"])).stdout);
    expect(json.tensors[0].percentiles).toContainEqual({ percent: 50, value: 2 });
  });
});
