import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CastStream } from "../../src/tensor/cast-stream.ts";
import { arrayClass, DTYPE_NAMES, DTYPES, type Dtype } from "../../src/tensor/dtypes.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const CASTABLE = DTYPE_NAMES.filter((dtype) => DTYPES[dtype].bits !== 6);
const FLOATS = new Set<Dtype>(CASTABLE.filter((dtype) => /^(B?F|C)/.test(dtype)));
const PAIRS = CASTABLE.flatMap((from) => CASTABLE.map((to) => [from, to] as const)).filter(
  ([a, b]) => a !== b,
);

function code(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

const dtypeOf = (to: Dtype, values: readonly (number | bigint)[], from: Dtype) =>
  Tensor.from(values as number[], { dtype: from }).cast(to, { lossy: true });

// What the elements are worth, by arithmetic that knows no tensors: bigints where they are whole.
function worth(tensor: Tensor): unknown[] {
  return (tensor.toArray() as (number | bigint | boolean | [number, number])[]).map((element) => {
    const [real, imaginary] = Array.isArray(element) ? element : [element, 0];
    if (imaginary !== 0) return `${real}+${imaginary}i`;
    const value = typeof real === "boolean" ? Number(real) : real;
    return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
  });
}

const INTERESTING = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  -2.5,
  6,
  127,
  128,
  -128,
  -129,
  240,
  255,
  256,
  448,
  32767,
  32768,
  57344,
  65504,
  65535,
  65536,
  2 ** 24,
  2 ** 24 + 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  2 ** 62,
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  2 ** 127,
  2 ** -127,
  2 ** -149,
  1e300,
  0.1,
  Number.NaN,
  Infinity,
  -Infinity,
];
const WIDE = [
  2n ** 53n + 1n,
  2n ** 53n + 2n,
  2n ** 63n - 1n,
  2n ** 62n + 1n,
  2n ** 31n + 7n,
  (2n ** 24n + 1n) << 38n,
];

// Elements of every dtype: what is left of the interesting ones, and random bits.
function elements(dtype: Dtype): fc.Arbitrary<Tensor> {
  const known = [
    ...INTERESTING.map((value) => [value, "F64"] as const),
    ...WIDE.map((value) => [value, "I64"] as const),
  ];
  const cast = fc
    .array(fc.constantFrom(...known), { minLength: 1, maxLength: 5 })
    .map((list) => list.flatMap(([value, from]) => [...dtypeOf(dtype, [value, value], from).bytes]));
  const random = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
    return Array.from(bytes, (byte) => (dtype === "BOOL" ? byte & 1 : byte));
  });
  return fc.oneof(cast, random).map((bytes) => {
    const size = (bytes.length * 8) / DTYPES[dtype].bits;
    return Tensor.fromBytes(dtype, [size], Uint8Array.from(bytes));
  });
}

describe.each(CASTABLE)("cast of %s", (from) => {
  const targets = CASTABLE.filter((to) => to !== from);

  it("keeps every value or throws, when exact", () => {
    fc.assert(
      fc.property(elements(from), fc.constantFrom(...targets), (tensor, to) => {
        const fits =
          JSON.stringify(worth(tensor), spell) ===
          JSON.stringify(worth(tensor.cast(to, { lossy: true })), spell);
        const failed = code(() => {
          const cast = tensor.cast(to, { exact: true });
          expect(worth(cast)).toEqual(worth(tensor));
        });
        expect([from, to, failed]).toEqual([from, to, fits ? undefined : "LossyConversion"]);
      }),
      { numRuns: 300 },
    );
  });

  it("by default lets floats round, and nothing else", () => {
    fc.assert(
      fc.property(elements(from), fc.constantFrom(...targets), (tensor, to) => {
        const rounds = FLOATS.has(from) && FLOATS.has(to) && from !== "C64";
        const expected = code(() => tensor.cast(to, rounds ? { lossy: true } : { exact: true }));
        if (from !== "C64" || !FLOATS.has(to)) expect(code(() => tensor.cast(to))).toBe(expected);
      }),
    );
  });

  it("never throws when lossy", () => {
    fc.assert(
      fc.property(elements(from), fc.constantFrom(...targets), (tensor, to) => {
        const cast = tensor.cast(to, { lossy: true });
        expect([cast.dtype, cast.shape]).toEqual([to, tensor.shape]);
      }),
    );
  });

  it("is the same in pieces", () => {
    fc.assert(
      fc.property(
        elements(from),
        fc.constantFrom(...targets),
        fc.nat(7),
        fc.nat(3),
        (tensor, to, cut, shift) => {
          const whole = tensor.cast(to, { lossy: true });
          const target = new Tensor<Dtype>(to, tensor.shape, new (arrayClass(to))(whole.data.length));
          const stream = new CastStream(from, target, { lossy: true });
          // Pieces of two elements end at whole bytes in every dtype; a shift takes their alignment.
          const piece = (2 * DTYPES[from].bits) / 8;
          const at = Math.min(cut * piece, tensor.byteLength);
          const shifted = new Uint8Array(shift + tensor.byteLength);
          shifted.set(tensor.bytes, shift);
          stream.push(shifted.subarray(shift, shift + at));
          stream.push(shifted.subarray(shift + at));
          expect(target.equals(whole)).toBe(true);
        },
      ),
    );
  });
});

function spell(_key: string, value: unknown): unknown {
  return typeof value === "bigint" || typeof value === "number" ? String(value) : value;
}

describe("lossy casts", () => {
  const X = { lossy: true };

  it.each([
    ["integers wrap around", "I32", [-1, 256, 65537], "U8", [255, 0, 1]],
    ["64-bit ones too", "I64", [-1n, 2n ** 32n + 5n], "U32", [2 ** 32 - 1, 5]],
    ["and their signs", "I64", [-1n], "U64", [2n ** 64n - 1n]],
    ["and small ones into 64 bits", "I8", [-1], "U64", [2n ** 64n - 1n]],
    ["floats lose their fraction", "F32", [1.9, -1.9, -0.9], "I8", [1, -1, 0]],
    [
      "floats out of range become the nearest integer",
      "F64",
      [300, -300, Infinity, -Infinity],
      "I8",
      [127, -128, 127, -128],
    ],
    ["none for NaN", "F32", [Number.NaN], "I16", [0]],
    ["nor below zero", "F16", [-5, 70000], "U32", [0, 2 ** 32 - 1]],
    [
      "in 64 bits as well",
      "F64",
      [1e300, -1e300, Number.NaN, -1.5],
      "I64",
      [2n ** 63n - 1n, -(2n ** 63n), 0n, -1n],
    ],
    ["signed or not", "F64", [2 ** 64, -1, 2 ** 63], "U64", [2n ** 64n - 1n, 0n, 2n ** 63n]],
    ["integers round to floats", "I32", [2 ** 24 + 1, 2 ** 24 + 3], "F32", [2 ** 24, 2 ** 24 + 4]],
    ["to doubles", "U64", [2n ** 64n - 1n, 2n ** 53n + 1n], "F64", [2 ** 64, 2 ** 53]],
    ["all but zero is true", "F64", [0, -0, 1e-300, Number.NaN], "BOOL", [false, false, true, true]],
    [
      "numbers overflow to E4M3's NaN",
      "F32",
      [448, 464, 465, -Infinity],
      "F8_E4M3",
      [448, 448, Number.NaN, Number.NaN],
    ],
    ["and to E5M2's infinity", "F32", [61439, 61440], "F8_E5M2", [57344, Infinity]],
    ["and to F4's largest", "F32", [5, 7, -1e9, 0.25], "F4", [4, 6, -6, 0]],
  ] as const)("%s", (_name, from, values, to, expected) => {
    const tensor = Tensor.from(values as readonly number[], { dtype: from, ...X });
    expect(tensor.cast(to, X).toArray()).toEqual(expected);
  });

  it("round 64-bit integers once", () => {
    // Just above a tie of float32, which the double in between would round to the tie.
    const above = 2n ** 62n + 2n ** 38n + 1n;
    expect(Tensor.from([above, -above]).cast("F32", X).toArray()).toEqual([
      2 ** 62 + 2 ** 39,
      -(2 ** 62 + 2 ** 39),
    ]);
    expect(
      Tensor.from([2n ** 63n + 2n ** 55n + 1n], { dtype: "U64" })
        .cast("BF16", X)
        .toArray(),
    ).toEqual([2 ** 63 + 2 ** 56]);
  });

  it("drop imaginary parts", () => {
    const tensor = Tensor.from(
      [
        [1, 2],
        [0, 1],
        [0, 0],
      ],
      { dtype: "C64" },
    );
    expect(tensor.cast("F64", X).toArray()).toEqual([1, 0, 0]);
    expect(tensor.cast("BOOL", X).toArray()).toEqual([true, true, false]);
    expect(() => tensor.cast("F32")).toThrow("element 0 is 1+2i (C64), which F32 can't hold");
  });
});

describe("cast", () => {
  it("is the tensor itself where nothing changes", () => {
    const tensor = Tensor.from([1, 2]);
    expect(tensor.cast("F32")).toBe(tensor);
    const f6 = new Tensor("F6_E2M3", [4], new Uint8Array(3));
    expect(f6.cast("F6_E2M3")).toBe(f6);
  });

  it.each(PAIRS)("%s to %s takes no elements at all", (from, to) => {
    const empty = new Tensor<Dtype>(from, [0, 2], new (arrayClass(from))(0));
    expect(empty.cast(to).shape).toEqual([0, 2]);
  });

  it("finds the one value that does not fit, far into the tensor", () => {
    const values = new Float32Array(10_000).fill(7);
    values[9_876] = 7.5;
    expect(() => Tensor.from(values).cast("I16")).toThrow("element 9876 is 7.5 (F32), which I16 can't hold");
    expect(Tensor.from(values.fill(7)).cast("I16").cast("F32").data).toEqual(values);
  });

  it("keeps pairs of F4 together, however many there are", () => {
    const values = Int8Array.from({ length: 10_000 }, (_, i) => (i % 5) - 2);
    const f4 = Tensor.from(values).cast("F4");
    expect(f4.byteLength).toBe(5_000);
    expect(f4.cast("I8").data).toEqual(values);
  });

  it("refuses F6 and what is no dtype", () => {
    const f6 = new Tensor("F6_E2M3", [4], new Uint8Array(3));
    expect(() => f6.cast("F32")).toThrow(
      "can't convert F6_E2M3 to F32: the format doesn't specify how F6_E2M3 is packed",
    );
    expect(code(() => Tensor.from([1, 2, 3, 4]).cast("F6_E3M2"))).toBe("UnsupportedDtype");
    expect(code(() => Tensor.from([1]).cast("float32" as "F32"))).toBe("UnsupportedDtype");
  });
});

describe("CastStream", () => {
  const target = () => new Tensor("F32", [4], new Float32Array(4));

  it("names tensor and element when a value does not fit", () => {
    const stream = new CastStream("I32", target(), { name: "layers#0@w" });
    stream.push(new Uint8Array(8));
    expect(() => stream.push(new Uint8Array(Int32Array.of(0, 2 ** 24 + 1).buffer))).toThrow(
      'tensor "layers#0@w": element 3 is 16777217 (I32), which F32 can\'t hold',
    );
  });

  it("refuses pieces that end within an element, and more than there is room for", () => {
    const stream = new CastStream("BF16", target());
    expect(() => stream.push(new Uint8Array(3))).toThrow(
      "cast to F32[4]: can't take 3 bytes of BF16 after element 0 of 4",
    );
    stream.push(new Uint8Array(4));
    expect(code(() => stream.push(new Uint8Array(6)))).toBe("InvalidArgument");
    stream.push(new Uint8Array(4));
    const f4 = new CastStream("U8", new Tensor("F4", [4], new Uint8Array(2)));
    expect(code(() => f4.push(new Uint8Array(3)))).toBe("InvalidArgument");
  });

  it("refuses F6 before any byte comes", () => {
    expect(code(() => new CastStream("F6_E2M3", target()))).toBe("UnsupportedDtype");
  });
});
