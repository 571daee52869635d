import { runInNewContext } from "node:vm";
import { describe, expect, expectTypeOf, it } from "vitest";
import { DTYPE_NAMES, DTYPES, type Dtype } from "../../src/tensor/dtypes.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { code } from "./thrown.ts";

describe("Tensor", () => {
  it("wraps the data it is given, and keeps a frozen shape of its own", () => {
    const data = new Float32Array(6);
    const shape = [2, 3];
    const tensor = new Tensor("F32", shape, data);
    shape[0] = 9;
    expect(tensor.data).toBe(data);
    expect(tensor.shape).toEqual([2, 3]);
    expect(Object.isFrozen(tensor.shape)).toBe(true);
    expect([tensor.size, tensor.byteLength, String(tensor)]).toEqual([6, 24, "F32[2,3]"]);
  });

  it.each(DTYPE_NAMES)("holds %s in the dtype's typed array", (dtype) => {
    const { array, bits } = DTYPES[dtype];
    const length = bits / array.BYTES_PER_ELEMENT; // of 8 elements
    const tensor = new Tensor<Dtype>(dtype, [2, 4], new array(length));
    expect([tensor.size, tensor.byteLength, tensor.bytes.length]).toEqual([8, bits, bits]);
    expect(tensor.is(dtype)).toBe(true);
  });

  it("refuses data that does not fit dtype and shape, and says what would", () => {
    const wrong = (run: () => unknown) => expect(run);
    wrong(() => new Tensor("F32", [2], new Float32Array(3))).toThrow(
      "F32[2] needs data of Float32Array of length 2, found length 3",
    );
    wrong(() => new Tensor("F16", [2], new Float32Array(2) as never)).toThrow(
      "Uint16Array of length 2, found Float32",
    );
    wrong(() => new Tensor("F32", [2], [1, 2] as never)).toThrow("found an array");
    wrong(() => new Tensor("F32", [2], new DataView(new ArrayBuffer(8)) as never)).toThrow(
      "found an instance of DataView",
    );
    wrong(() => new Tensor("F33" as "F32", [2], new Float32Array(2))).toThrow(
      'the string "F33" is not a dtype',
    );
    expect(code(() => new Tensor("F32", [-1], new Float32Array(0)))).toBe("InvalidTensor");
    expect(code(() => new Tensor("F4", [3], new Uint8Array(2)))).toBe("MisalignedSlice");
    expect(code(() => new Tensor("toString" as "F32", [], new Float32Array(1)))).toBe("UnsupportedDtype");
  });

  it("takes typed arrays of another realm", () => {
    const foreign: Float32Array = runInNewContext("new Float32Array([1, 2])");
    expect(foreign instanceof Float32Array).toBe(false);
    expect(new Tensor("F32", [2], foreign).toArray()).toEqual([1, 2]);
    expect(Tensor.from(foreign).dtype).toBe("F32");
  });

  it("takes shared memory", () => {
    const tensor = new Tensor("I32", [2], new Int32Array(new SharedArrayBuffer(8)));
    expect(tensor.bytes.buffer).toBe(tensor.data.buffer);
    expect(tensor.copy().data.buffer).toBeInstanceOf(ArrayBuffer);
    expect(Tensor.fromBytes("I32", [1], new Uint8Array(new SharedArrayBuffer(8), 1, 4)).toArray()).toEqual([
      0,
    ]);
  });
});

describe("bytes", () => {
  it("are a view, or a named error where the runtime has none so long", () => {
    const tensor = new Tensor("F32", [2 ** 30 + 2], new Float32Array(2 ** 30 + 2)); // zeros cost no memory
    const length = tensor.byteLength;
    try {
      expect(tensor.bytes.length).toBe(length);
    } catch (error) {
      expect(error).toMatchObject({ code: "TooLarge" });
      expect(String(error)).toContain("F32[1073741826]: this runtime has no Uint8Array of 4294967304 bytes");
    }
    const small = Tensor.from([1]);
    small.bytes[3] = 0x40; // 1 is 0x3f800000
    expect(small.item()).toBe(4);
  });
});

describe("Tensor.fromBytes", () => {
  const bytes = new Uint8Array(32).map((_, i) => i);

  it("is a view where the element's width divides the offset", () => {
    const tensor = Tensor.fromBytes("F32", [2], bytes.subarray(4, 12));
    expect(tensor.data.buffer).toBe(bytes.buffer);
    expect(tensor.data.byteOffset).toBe(4);
    expect(Tensor.fromBytes("F8_E4M3", [3], bytes.subarray(5, 8)).data.buffer).toBe(bytes.buffer);
  });

  it("copies its own bytes alone elsewhere, also those of a Node Buffer", () => {
    for (const view of [bytes.subarray(3, 11), Buffer.from(bytes.buffer, 3, 8)]) {
      const tensor = Tensor.fromBytes("F32", [2], view);
      expect(tensor.data.buffer).not.toBe(bytes.buffer);
      expect(tensor.data.buffer.byteLength).toBe(8);
      expect([...tensor.bytes]).toEqual([...bytes.slice(3, 11)]);
    }
  });

  it("takes any part of a buffer", () => {
    expect(Tensor.fromBuffer("U16", [2], bytes.buffer, 2, 4).toArray()).toEqual([0x0302, 0x0504]);
    expect(Tensor.fromBuffer("U8", [30], bytes.buffer, 2).size).toBe(30);
  });

  it("refuses another number of bytes", () => {
    expect(() => Tensor.fromBytes("F32", [2], bytes)).toThrow("F32[2] needs data of 8 bytes, found 32 bytes");
    expect(() => Tensor.fromBuffer("F32", [2], bytes.buffer, 28, 8)).toThrow("found 4 bytes");
    expect(code(() => Tensor.fromBytes("F33" as "F32", [2], bytes))).toBe("UnsupportedDtype");
  });

  it("reads empty tensors at any offset", () => {
    expect(Tensor.fromBytes("I64", [0, 3], bytes.subarray(3, 3)).toArray()).toEqual([]);
  });
});

describe("copy", () => {
  it("frees a tensor from the buffer that it views", () => {
    const tensor = Tensor.fromBytes("I64", [2], new Uint8Array(64).fill(1).subarray(8, 24));
    const copy = tensor.copy();
    expect(copy.data.buffer.byteLength).toBe(16);
    expect(copy.equals(tensor)).toBe(true);
  });
});

describe("equals", () => {
  const nan = (bits: number) => new Tensor("F32", [], new Float32Array(new Uint32Array([bits]).buffer));

  it("compares dtype, shape and bytes", () => {
    const a = Tensor.from([1, 2, 3, 4]);
    expect(a.equals(Tensor.from([1, 2, 3, 4]))).toBe(true);
    expect(a.equals(a)).toBe(true);
    expect(a.equals(Tensor.from([1, 2, 3, 5]))).toBe(false);
    expect(a.equals(Tensor.from([1, 2, 3, 4], { shape: [2, 2] }))).toBe(false);
    expect(a.equals(new Tensor("I32", [4], new Int32Array(a.data.buffer)))).toBe(false);
    expect(Tensor.from([0]).equals(Tensor.from([-0]))).toBe(false);
    expect(nan(0x7fc00000).equals(nan(0x7fc00000))).toBe(true);
    expect(nan(0x7fc00000).equals(nan(0x7fc00001))).toBe(false);
  });

  it("compares elements of one and two bytes, also at odd offsets", () => {
    const bytes = Uint8Array.of(9, 1, 2, 3);
    const a = Tensor.fromBytes("U8", [3], bytes.subarray(1));
    expect(a.equals(new Tensor("U8", [3], Uint8Array.of(1, 2, 3)))).toBe(true);
    expect(a.equals(new Tensor("U8", [3], Uint8Array.of(1, 2, 4)))).toBe(false);
    const h = new Tensor("F16", [1], new Uint16Array(new Uint16Array(2).buffer, 2, 1));
    expect(h.equals(new Tensor("F16", [1], Uint16Array.of(0)))).toBe(true);
    expect(h.equals(new Tensor("F16", [1], Uint16Array.of(0x8000)))).toBe(false);
  });
});

describe("Tensor's types", () => {
  it("follow the dtype", () => {
    expectTypeOf<Tensor<"F32">["data"]>().toEqualTypeOf<Float32Array>();
    expectTypeOf<Tensor<"BF16">["data"]>().toEqualTypeOf<Uint16Array>();
    expectTypeOf<Tensor<"U64">["data"]>().toEqualTypeOf<BigUint64Array>();
    expectTypeOf(new Tensor("C64", [1], new Float32Array(2))).toEqualTypeOf<Tensor<"C64">>();
    expectTypeOf<Tensor<"F32">>().toExtend<Tensor>();
    expectTypeOf(Tensor.fromBytes("I8", [0], new Uint8Array(0))).toEqualTypeOf<Tensor<"I8">>();
    expectTypeOf<Tensor<"F32">["shape"]>().toEqualTypeOf<readonly number[]>();
    const tensor: Tensor = Tensor.from([1]);
    if (tensor.is("F32")) expectTypeOf(tensor.data).toEqualTypeOf<Float32Array>();
    expectTypeOf(tensor.cast("I64")).toEqualTypeOf<Tensor<"I64">>();
  });

  it("of values follow the values", () => {
    expectTypeOf(Tensor.from([[1, 2]])).toEqualTypeOf<Tensor<"F32">>();
    expectTypeOf(Tensor.from(1)).toEqualTypeOf<Tensor<"F32">>();
    expectTypeOf(Tensor.from([])).toEqualTypeOf<Tensor<"F32">>();
    expectTypeOf(Tensor.from([true])).toEqualTypeOf<Tensor<"BOOL">>();
    expectTypeOf(Tensor.from([1n])).toEqualTypeOf<Tensor<"I64">>();
    expectTypeOf(Tensor.from(new Uint16Array(1))).toEqualTypeOf<Tensor<"U16">>();
    expectTypeOf(Tensor.from(new BigUint64Array(1))).toEqualTypeOf<Tensor<"U64">>();
    expectTypeOf(Tensor.from(new Uint8ClampedArray(1))).toEqualTypeOf<Tensor<"U8">>();
    expectTypeOf(Tensor.from([1], { dtype: "BF16" })).toEqualTypeOf<Tensor<"BF16">>();
    expectTypeOf(Tensor.from(1 as number | number[], { shape: [1] })).toEqualTypeOf<Tensor<"F32">>();
  });

  it("of elements follow the dtype", () => {
    expectTypeOf(Tensor.from(1).item()).toEqualTypeOf<number>();
    expectTypeOf(Tensor.from(true).item()).toEqualTypeOf<boolean>();
    expectTypeOf(Tensor.from(1n).item()).toEqualTypeOf<bigint>();
    expectTypeOf(Tensor.from([1, 2], { dtype: "C64" }).item()).toEqualTypeOf<[re: number, im: number]>();
  });
});
