import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { DTYPE_NAMES, DTYPES } from "../../src/tensor/dtypes.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

describe("a tensor in console.log", () => {
  it.each<[Tensor, string]>([
    [
      Tensor.from([
        [1, 2.5],
        [3, -4],
      ]),
      "Tensor F32[2,2] [1, 2.5, 3, -4]",
    ],
    [Tensor.from([0.1, 1 / 3, -0, 1e-20, 16_777_216]), "Tensor F32[5] [0.1, 0.3333333, -0, 1e-20, 16777216]"],
    [Tensor.from([Number.NaN, Number.POSITIVE_INFINITY]), "Tensor F32[2] [NaN, Infinity]"],
    [Tensor.from(7, { dtype: "I32" }), "Tensor I32[] 7"],
    [Tensor.from([1n, -2n]), "Tensor I64[2] [1n, -2n]"],
    [Tensor.from([true, false]), "Tensor BOOL[2] [true, false]"],
    [Tensor.from([[1, 2]], { dtype: "C64" }), "Tensor C64[1] [[1, 2]]"],
    [Tensor.from(new Float64Array([0.1, 2 ** 60])), "Tensor F64[2] [0.1, 1152921504606847000]"],
    [Tensor.from([0.1, 2], { dtype: "BF16" }), "Tensor BF16[2] [0.1000977, 2]"],
    [Tensor.from([0.5, -6], { dtype: "F4" }), "Tensor F4[2] [0.5, -6]"],
    [Tensor.from(new Int32Array(0), { shape: [0, 3] }), "Tensor I32[0,3] []"],
    [Tensor.from(new Int32Array(1000)), "Tensor I32[1000] [0, 0, 0, 0, 0, 0, 0, 0, … 992 more]"],
    [Tensor.from(new Array(10).fill(1), { dtype: "F4" }), "Tensor F4[10] [1, 1, 1, 1, 1, 1, 1, 1, … 2 more]"],
    [new Tensor("F6_E2M3", [4], new Uint8Array(3)), "Tensor F6_E2M3[4] (3 bytes)"],
  ])("%s prints as %s", (tensor, expected) => {
    expect(inspect(tensor)).toBe(expected);
  });

  it("prints in one line whatever the dtype, within other values", () => {
    for (const dtype of DTYPE_NAMES) {
      const tensor = Tensor.fromBytes(dtype, [1000], new Uint8Array((1000 * DTYPES[dtype].bits) / 8));
      expect(inspect({ a: [tensor] }).replace(/\s+/g, " ")).toMatch(
        /^\{ a: \[ Tensor [A-Z0-9_]+\[1000\] .{1,200} \] \}$/,
      );
    }
  });

  it("prints in Deno as in Node", () => {
    const tensor = Tensor.from([1]) as unknown as Record<symbol, () => string>;
    expect(tensor[Symbol.for("Deno.customInspect")]!()).toBe("Tensor F32[1] [1]");
  });

  it("has its dtype and shape as its only properties, so that a browser's console prints no data", () => {
    expect(Object.keys(Tensor.from([1]))).toEqual(["dtype", "shape"]);
  });
});
