import { describe, expect, it } from "vitest";
import { byteLengthOf, elementCount } from "../../src/tensor/size.ts";

const code = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe("elementCount", () => {
  it.each([
    [[], 1],
    [[0], 0],
    [[2, 3, 4], 24],
    [[2 ** 53 - 1], 2 ** 53 - 1],
    [[2 ** 32, 2 ** 31], 2 ** 63],
    [[0, 2 ** 40, 2 ** 40], 0],
    [[2 ** 40, 2 ** 20, 0], 0],
  ])("%j has %d", (shape, count) => {
    expect(elementCount(shape)).toBe(count);
  });

  it.each([
    [[-1]],
    [[1.5]],
    [[2 ** 53]],
    [[Number.NaN]],
    [[0, -1]],
    [[2 ** 40, 2 ** 40, -1]],
    [new Array<number>(2)],
  ])("%j is not a shape", (shape) => {
    expect(code(() => elementCount(shape))).toBe("InvalidTensor");
  });

  it("refuses many large dimensions at once", () => {
    expect(code(() => elementCount(new Array<number>(100_000).fill(2 ** 50)))).toBe("ValidationOverflow");
  });

  it("overflows left to right, as the reference does", () => {
    expect(code(() => elementCount([2 ** 40, 2 ** 40, 0]))).toBe("ValidationOverflow");
    expect(code(() => elementCount([2 ** 32, 2 ** 32]))).toBe("ValidationOverflow");
    expect(code(() => elementCount([2 ** 32, 2 ** 32 - 1]))).toBe(Number((2n ** 32n - 1n) * 2n ** 32n));
  });
});

describe("byteLengthOf", () => {
  it.each([
    ["F32", [], 4],
    ["C64", [3], 24],
    ["F4", [3, 2], 3],
    ["F6_E2M3", [4], 3],
    ["F64", [2 ** 49], 2 ** 52],
    ["F4", [2 ** 53 - 2], 2 ** 52 - 1],
    ["BF16", [2 ** 40, 2 ** 19], 2 ** 60],
    ["I64", [0], 0],
  ] as const)("%s%j takes %d", (dtype, shape, bytes) => {
    expect(byteLengthOf(dtype, shape)).toBe(bytes);
  });

  it("refuses elements that end within a byte", () => {
    expect(() => byteLengthOf("F4", [3])).toThrow("F4[3] ends within a byte: its elements are 4 bits wide");
    expect(code(() => byteLengthOf("F6_E3M2", [2]))).toBe("MisalignedSlice");
    expect(byteLengthOf("F6_E3M2", [2 ** 52, 15])).toBe(2 ** 50 * 45);
    expect(code(() => byteLengthOf("F4", [2 ** 53 - 1, 3]))).toBe("MisalignedSlice");
  });

  it("refuses bits that leave 64", () => {
    expect(code(() => byteLengthOf("F32", [2 ** 40, 2 ** 19]))).toBe("ValidationOverflow");
    expect(code(() => byteLengthOf("F32", [2 ** 40, 2 ** 18]))).toBe(2 ** 60);
  });
});
