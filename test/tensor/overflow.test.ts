import { describe, expect, it } from "vitest";
import { convertInto } from "../../src/tensor/convert.ts";
import { DTYPES, type Dtype, lanes } from "../../src/tensor/dtypes.ts";
import { Overflow } from "../../src/tensor/overflow.ts";

const NARROW: readonly Dtype[] = [
  "F32",
  "F16",
  "BF16",
  "F8_E4M3",
  "F8_E5M2",
  "F8_E8M0",
  "F8_E4M3FNUZ",
  "F8_E5M2FNUZ",
];
// More than a block, and no whole number of words.
const COUNT = 4096 + 4097;

function overflowOf(from: Dtype, to: Dtype, values: readonly number[]): Overflow {
  const source = new DTYPES[from].array(values.length * lanes(from)) as Float64Array;
  values.forEach((value, i) => {
    source[i * lanes(from)] = value;
  });
  const target = new DTYPES[to].array(values.length * lanes(to));
  convertInto(source, from, target, to, { lossy: true });
  const overflow = new Overflow();
  overflow.add(source, from, target, to);
  return overflow;
}

describe.each(NARROW)("overflow of F64 in %s", (to) => {
  const fine = Array.from({ length: COUNT }, (_, i) => 2 ** ((i % 7) - 3));

  it("finds none where every value has a finite code", () => {
    expect(overflowOf("F64", to, fine).count).toBe(0);
  });

  it.each([0, 1, 2, 3, 4095, 4096, COUNT - 1])("finds the one value at %i", (at) => {
    const { count, largest } = overflowOf("F64", to, fine.with(at, 1e300));
    expect([count, largest]).toEqual([1, 1e300]);
  });

  it("counts neither infinities nor NaN", () => {
    const values = fine.map((value, i) => (i % 3 === 0 ? Number.NaN : i % 3 === 1 ? Infinity : value));
    expect(overflowOf("F64", to, values).count).toBe(0);
  });

  it("counts all of many, with the largest magnitude", () => {
    const values = fine.map((value, i) => (i % 2 === 0 ? (to === "F8_E8M0" ? 1 : -1) * i * 1e290 : value));
    const { count, largest } = overflowOf("F64", to, values.with(0, 1e290));
    expect([count, largest]).toEqual([Math.ceil(COUNT / 2), (COUNT - 1) * 1e290]);
  });
});

it("counts the real part of a complex number, at its own place", () => {
  const values = [1, 2, 70_000, 3];
  expect(overflowOf("C64", "F16", values)).toMatchObject({ count: 1, largest: 70_000 });
  expect(overflowOf("F64", "C64", [1, 2, 1e300, 3])).toMatchObject({ count: 1, largest: 1e300 });
});

// Looking costs as much as the conversion.
it.each(["F32", "C64", "F64"] as const)(
  "is not looked for in %s, which holds all values of small floats",
  (to) => {
    const unread = new Proxy(new Float32Array(2), {
      get: () => {
        throw new Error("looked at");
      },
    });
    for (const from of NARROW) if (from !== "F32") new Overflow().add(unread, from, unread, to);
    expect(() => new Overflow().add(unread, "F64", unread, "F32")).toThrow("looked at");
  },
);
