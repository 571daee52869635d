import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tensor } from "../../src/tensor/tensor.ts";
import { code } from "./thrown.ts";

describe("Tensor.from", () => {
  it.each([
    [[1, 2, 3], "F32[3]", [1, 2, 3]],
    [[[1], [2]], "F32[2,1]", [[1], [2]]],
    [0.1, "F32[]", Math.fround(0.1)],
    [[], "F32[0]", []],
    [[[], []], "F32[2,0]", [[], []]],
    [[[[]]], "F32[1,1,0]", [[[]]]],
    [[true, false], "BOOL[2]", [true, false]],
    [[1n, -(2n ** 63n)], "I64[2]", [1n, -(2n ** 63n)]],
    [new Int8Array([-1]), "I8[1]", [-1]],
    [new Uint8ClampedArray([255]), "U8[1]", [255]],
    [new Uint16Array([65535]), "U16[1]", [65535]],
    [new Float64Array([0.1]), "F64[1]", [0.1]],
    [new BigUint64Array([2n ** 64n - 1n]), "U64[1]", [2n ** 64n - 1n]],
    [Buffer.from([7]), "U8[1]", [7]],
  ])("%o is %s", (values, spelled, array) => {
    const tensor = Tensor.from(values as number[]);
    expect(String(tensor)).toBe(spelled);
    expect(tensor.toArray()).toEqual(array);
  });

  it("is a view of a typed array of the same dtype", () => {
    const data = new Float32Array(6);
    expect(Tensor.from(data, { shape: [2, 3] }).data).toBe(data);
    const clamped = new Uint8ClampedArray(3).subarray(1);
    const viewed = Tensor.from(clamped).data;
    expect([viewed.buffer, viewed.byteOffset, viewed.length]).toEqual([clamped.buffer, 1, 2]);
  });

  it("converts to the dtype asked for, as cast does", () => {
    const bf16 = Tensor.from([1, 1 + 2 ** -8, 1e39], { dtype: "BF16" });
    expect([...bf16.data]).toEqual([0x3f80, 0x3f80, 0x7f80]);
    expect(Tensor.from([1, 2, 3, -0.5], { dtype: "F4", shape: [2, 2] }).toArray()).toEqual([
      [1, 2],
      [3, -0.5],
    ]);
    expect(Tensor.from([1, 255], { dtype: "U8" }).toArray()).toEqual([1, 255]);
    expect(Tensor.from([2 ** 40, -1], { dtype: "I64" }).toArray()).toEqual([2n ** 40n, -1n]);
    expect(Tensor.from([1n, 2n], { dtype: "F32" }).toArray()).toEqual([1, 2]);
    expect(Tensor.from([2n ** 63n], { dtype: "U64" }).toArray()).toEqual([2n ** 63n]);
    expect(Tensor.from([true], { dtype: "I32" }).toArray()).toEqual([1]);
    expect(Tensor.from([0, 1], { dtype: "BOOL" }).toArray()).toEqual([false, true]);
    expect(Tensor.from(new Float32Array([1.5]), { dtype: "F64" }).toArray()).toEqual([1.5]);
    expect(Tensor.from([300.7, -5], { dtype: "U8", lossy: true }).toArray()).toEqual([255, 0]);
  });

  it("does not round numbers twice on their way to a small float", () => {
    expect(Tensor.from([1 + 2 ** -4 + 2 ** -40], { dtype: "F8_E4M3" }).toArray()).toEqual([1.125]);
  });

  it("makes C64 of pairs, or of interleaved parts", () => {
    const pairs = [
      [1, 2],
      [3, 4],
    ];
    const tensor = Tensor.from(pairs, { dtype: "C64" });
    expect(String(tensor)).toBe("C64[2]");
    expect(tensor.toArray()).toEqual(pairs);
    expect(Tensor.from([1, 2], { dtype: "C64" }).item()).toEqual([1, 2]);
    const data = new Float32Array([1, 2]);
    expect(Tensor.from(data, { dtype: "C64" }).data).toBe(data);
    expect(String(Tensor.from(new Float64Array(4), { dtype: "C64", shape: [1, 2] }))).toBe("C64[1,2]");
    expect(() => Tensor.from([1, 2, 3], { dtype: "C64" })).toThrow("C64 takes pairs [re, im]");
    expect(code(() => Tensor.from(new Float32Array(3), { dtype: "C64" }))).toBe("InvalidTensor");
  });

  it("refuses what is no tensor", () => {
    expect(() => Tensor.from([[1, 2], [3]])).toThrow("dimension 1 has length 1 where length 2 is expected");
    expect(() => Tensor.from([[1], 2])).toThrow("dimension 1 has a number where length 1 is expected");
    expect(() => Tensor.from([2, [1]])).toThrow("dimension 1 has a number where length 1 is expected");
    expect(() => Tensor.from([1, true] as number[])).toThrow("found a number and a boolean");
    expect(() => Tensor.from(["a"] as never)).toThrow("found a string");
    expect(() => Tensor.from([1], { shape: [2] })).toThrow("F32[2] is not made of 1 values");
    expect(() => Tensor.from([1], { dtype: "F4" })).toThrow("ends within a byte");
    expect(code(() => Tensor.from([1], { dtype: "F6_E2M3", shape: [1] }))).toBe("MisalignedSlice");
    expect(code(() => Tensor.from([1, 2, 3, 4], { dtype: "F6_E2M3" }))).toBe("UnsupportedDtype");
    const endless: unknown[] = [];
    endless.push(endless);
    expect(() => Tensor.from(endless as number[])).toThrow("arrays without end");
  });

  it("refuses values that the dtype can't hold", () => {
    expect(() => Tensor.from([1, 256], { dtype: "U8" })).toThrow(
      "element 1 is 256 (F64), which U8 can't hold; { lossy: true } converts it all the same",
    );
    for (const [values, dtype] of [
      [[0.5], "I32"],
      [[Number.NaN], "I64"],
      [[2 ** 63], "I64"],
      [[-1], "U64"],
      [[2 ** 64], "U64"],
      [[2], "BOOL"],
    ] as const) {
      expect([dtype, code(() => Tensor.from(values, { dtype }))]).toEqual([dtype, "LossyConversion"]);
    }
    expect(code(() => Tensor.from([2n ** 63n]))).toBe("LossyConversion");
    expect(code(() => Tensor.from([2n ** 64n], { dtype: "U64" }))).toBe("LossyConversion");
    expect(code(() => Tensor.from([2n ** 63n, -1n], { dtype: "U64", lossy: true }))).toBe("LossyConversion");
    expect(code(() => Tensor.from([2n ** 53n + 1n], { dtype: "F64" }))).toBe("LossyConversion");
  });
});

describe("toArray", () => {
  it("nests by the shape, empty dimensions too", () => {
    expect(Tensor.from(new Float32Array(0), { shape: [2, 0, 3] }).toArray()).toEqual([[], []]);
    expect(Tensor.from(new Float32Array(0), { shape: [0, 3] }).toArray()).toEqual([]);
    expect(Tensor.from(new Uint8Array([1, 2, 3, 4, 5, 6]), { shape: [3, 1, 2] }).toArray()).toEqual([
      [[1, 2]],
      [[3, 4]],
      [[5, 6]],
    ]);
  });

  it("decodes floats, and takes any byte but 0 for true", () => {
    expect(new Tensor("F16", [2], Uint16Array.of(0x3c00, 0xfc00)).toArray()).toEqual([1, -Infinity]);
    expect(new Tensor("F8_E8M0", [2], Uint8Array.of(127, 255)).toArray()).toEqual([1, Number.NaN]);
    expect(new Tensor("F4", [2], Uint8Array.of(0xf2)).toArray()).toEqual([1, -6]);
    expect(new Tensor("BOOL", [3], Uint8Array.of(0, 1, 2)).toArray()).toEqual([false, true, true]);
  });

  it("refuses F6, and shapes that would fill the memory without any data", () => {
    expect(code(() => new Tensor("F6_E3M2", [4], new Uint8Array(3)).toArray())).toBe("UnsupportedDtype");
    expect(code(() => new Tensor("F32", [2 ** 40, 0], new Float32Array(0)).toArray())).toBe("TooLarge");
  });

  it("gives what Tensor.from takes", () => {
    const shapes = fc.array(fc.nat(3), { maxLength: 4 });
    fc.assert(
      fc.property(shapes, fc.constantFrom("F64", "I16", "C64", "U64", "BOOL", "BF16"), (shape, dtype) => {
        const count = shape.reduce((product, dimension) => product * dimension, 1);
        const bits = Tensor.from(
          Array.from({ length: count }, (_, i) => i % 2),
          { shape },
        );
        const tensor = bits.cast(dtype);
        const nested = tensor.toArray();
        // Dimensions after an empty one leave no trace.
        const again = Tensor.from(nested as number[], { dtype, shape });
        expect(again.equals(tensor)).toBe(true);
      }),
    );
  });
});

describe("item", () => {
  it("is the one element, of any shape that has one", () => {
    expect(Tensor.from(2.5).item()).toBe(2.5);
    expect(Tensor.from([[7n]]).item()).toBe(7n);
    expect(() => Tensor.from([1, 2]).item()).toThrow("F32[2] has 2 elements; item() needs exactly one");
    expect(code(() => Tensor.from([]).item())).toBe("InvalidTensor");
  });
});

describe("toFloat32Array and toFloat16Array", () => {
  it("give the values, F32 without a copy", () => {
    const tensor = Tensor.from([1, 2]);
    expect(tensor.toFloat32Array()).toBe(tensor.data);
    expect(tensor.cast("BF16").toFloat32Array()).toEqual(new Float32Array([1, 2]));
    expect(code(() => Tensor.from([2 ** 24 + 1], { dtype: "I32" }).toFloat32Array())).toBe("LossyConversion");
  });

  it("take the runtime's Float16Array, or say that there is none", () => {
    const tensor = Tensor.from([1, 2], { dtype: "F16" });
    if (typeof Float16Array === "undefined") {
      expect(() => tensor.toFloat16Array()).toThrow("F16[2]: this runtime has no Float16Array");
    } else {
      expect(Array.from(tensor.toFloat16Array())).toEqual([1, 2]);
      expect(Tensor.from(tensor.toFloat16Array()).data).toEqual(tensor.data);
    }
  });
});
