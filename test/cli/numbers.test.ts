import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bar, formatNumber, sparkline } from "../../src/cli/terminal/numbers.ts";
import { formatBytes, formatCount, formatExact, formatShare } from "../../src/cli/terminal/sizes.ts";
import { Digest, equalBytes, equalWords } from "../../src/cli/values/bytes.ts";
import { Histogram } from "../../src/cli/values/histogram.ts";
import { Moments } from "../../src/cli/values/moments.ts";
import { summarize } from "../../src/cli/values/stats.ts";
import { ulpDistance } from "../../src/cli/values/ulp.ts";

// Of numbers that are further apart no double holds the ratio.
const finite = fc
  .double({ noNaN: true, min: -1e100, max: 1e100 })
  .map((value) => (Math.abs(value) < 1e-100 ? 0 : value));

function histogramOf(values: readonly number[], pieces = 1): Histogram {
  const histogram = new Histogram();
  const size = Math.max(1, Math.ceil(values.length / pieces));
  for (let i = 0; i < values.length; i += size) {
    const piece = values.slice(i, i + size);
    histogram.add(Float64Array.from(piece), piece.length, Math.min(...piece), Math.max(...piece));
  }
  return histogram;
}

describe("Histogram", () => {
  it("counts every value in the bin that it lies in, whatever order and pieces they come in", () => {
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (values, pieces) => {
          const { edges, counts } = histogramOf(values, pieces).bins(24);
          expect(counts.length).toBeLessThanOrEqual(24);
          counts.forEach((count, i) => {
            expect(values.filter((value) => value >= edges[i]! && value < edges[i + 1]!).length).toBe(count);
          });
          expect(counts.reduce((a, b) => a + b, 0)).toBe(values.length);
        },
      ),
    );
  });

  it("merged is the histogram of all values", () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1 }), fc.array(finite, { minLength: 1 }), (a, b) => {
        const merged = histogramOf(a);
        merged.merge(histogramOf(b));
        const { edges, counts } = merged.bins(24);
        counts.forEach((count, i) => {
          expect([...a, ...b].filter((value) => value >= edges[i]! && value < edges[i + 1]!).length).toBe(
            count,
          );
        });
      }),
    );
  });

  it("gives each integer a bin of its own where they are few", () => {
    const histogram = new Histogram(true);
    histogram.add(Float64Array.from([0, 1, 1, 3]), 4, 0, 3);
    expect(histogram.bins(24)).toEqual({ edges: [0, 1, 2, 3, 4], counts: [1, 2, 0, 1] });
  });
});

describe("Moments", () => {
  it("have mean and deviation as the two-pass formulas give them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 200 }),
        (values) => {
          const moments = new Moments();
          moments.add(Float64Array.from(values.slice(0, 70)));
          moments.add(Float64Array.from(values.slice(70)));
          const mean = values.reduce((a, b) => a + b, 0) / values.length;
          const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
          expect(moments.mean).toBeCloseTo(mean, 6);
          expect(moments.std).toBeCloseTo(std, 6);
          // By value: which of the two zeros an extreme is has its own test.
          expect(moments.min === Math.min(...values) && moments.max === Math.max(...values)).toBe(true);
        },
      ),
    );
  });

  it("keep their digits where values are large and close together", () => {
    const moments = new Moments();
    moments.add(Float64Array.from({ length: 10_000 }, (_, i) => 1e9 + (i % 2)));
    expect(moments.std).toBeCloseTo(0.5, 10);
  });

  it("count NaN, infinities and zeros apart and leave them out of the mean", () => {
    const moments = new Moments();
    moments.add(
      Float32Array.from([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 5]),
    );
    expect(moments).toMatchObject({
      count: 7,
      nan: 1,
      posInf: 1,
      negInf: 1,
      zeros: 2,
      min: 0,
      max: 5,
      mean: 1.5,
    });
  });

  it.each([
    ["of -0 alone", [-0, -0], -0, -0],
    ["of both zeros", [-0, 0], 0, 0],
    ["of both zeros, the other way around", [0, -0], 0, 0],
    ["of a least -0", [-0, 5], -0, 5],
    ["of a greatest -0", [-1, -0], -1, -0],
    ["of one 0 far behind", Array.from({ length: 10_000 }, (_, i) => (i === 9_000 ? 0 : -0)), 0, 0],
  ])("%s have the extreme 0, or -0 if every zero is -0", (_case, values, min, max) => {
    const moments = new Moments();
    for (const value of values) {
      const one = new Moments();
      one.add(Float32Array.of(value));
      moments.merge(one);
    }
    const together = new Moments();
    together.add(Float32Array.from(values));
    for (const found of [moments, together])
      expect(summarize({ name: "x" }, { moments: found }, 2)).toMatchObject({ min, max });
  });

  it("of nothing are not numbers", () => {
    expect([new Moments().mean, new Moments().std]).toEqual([Number.NaN, Number.NaN]);
  });

  it("count finite numbers whose sum overflows", () => {
    const moments = new Moments();
    moments.add(Float64Array.from([1e308, 1e308, -1e308]));
    expect(moments).toMatchObject({ count: 3, min: -1e308, max: 1e308, posInf: 0 });
  });
});

describe("ulpDistance", () => {
  const floats = (a: number, b: number) =>
    ulpDistance("F32", bytes(Float32Array.of(a)), bytes(Float32Array.of(b)))!(0);
  const doubles = (a: number, b: number) =>
    ulpDistance("F64", bytes(Float64Array.of(a)), bytes(Float64Array.of(b)))!(0);
  const halves = (a: number, b: number) =>
    ulpDistance("BF16", bytes(Uint16Array.of(a)), bytes(Uint16Array.of(b)))!(0);

  it("counts the numbers between two of a dtype", () => {
    expect(floats(1, 1 + 2 ** -23)).toBe(1);
    expect(floats(1, 2)).toBe(2 ** 23);
    expect(doubles(1, 1 + 2 ** -52)).toBe(1);
    expect(doubles(1, 2)).toBe(2 ** 52);
    expect(halves(0x3f80, 0x3f81)).toBe(1);
  });

  it("goes through zero, where both zeros are one", () => {
    expect(floats(0, -0)).toBe(0);
    expect(floats(2 ** -149, -(2 ** -149))).toBe(2);
    expect(doubles(5e-324, -5e-324)).toBe(2);
    expect(halves(0x0001, 0x8001)).toBe(2);
  });

  it("is the same both ways", () => {
    fc.assert(
      fc.property(finite, finite, (a, b) => {
        expect(doubles(a, b)).toBe(doubles(b, a));
      }),
    );
  });

  it("reads small floats from bytes and nibbles", () => {
    expect(ulpDistance("F8_E4M3", Uint8Array.of(0x81), Uint8Array.of(0x02))!(0)).toBe(3);
    expect(ulpDistance("F8_E8M0", Uint8Array.of(0x81), Uint8Array.of(0x7f))!(0)).toBe(2);
    const f4 = ulpDistance("F4", Uint8Array.of(0x91), Uint8Array.of(0x12))!;
    expect([f4(0), f4(1)]).toEqual([1, 2]);
  });

  it("is not for integers", () => {
    expect(ulpDistance("I32", new Uint8Array(4), new Uint8Array(4))).toBeUndefined();
  });

  function bytes(array: ArrayBufferView): Uint8Array {
    return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  }
});

describe("numbers for people", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [13_476_839_424, "13.5 GB"],
  ])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [9999, "9,999"],
    [10_000, "10.0 k"],
    [7_241_732_096, "7.24 B"],
  ])("%d things are %s", (count, text) => expect(formatCount(count)).toBe(text));

  it("groups all digits by three", () => {
    expect([0, 999, 1000, 1234567].map(formatExact)).toEqual(["0", "999", "1,000", "1,234,567"]);
  });

  it("never rounds a share to none or all", () => {
    expect([0, 1, 500, 99_999, 100_000].map((part) => formatShare(part, 100_000))).toEqual([
      "0 %",
      "<0.1 %",
      "0.5 %",
      "99.9 %",
      "100 %",
    ]);
  });

  it.each([
    [0.000012345, "1.234e-05"],
    [-0.5, "-0.5"],
    [123456, "123456"],
    [1234567, "1.235e+06"],
    [Number.NaN, "nan"],
    [Number.NEGATIVE_INFINITY, "-inf"],
  ])("%d is %s", (value, text) => expect(formatNumber(value)).toBe(text));

  it("draws something for something", () => {
    expect(sparkline([0, 1, 1000], true)).toBe(" ▁█");
    expect(sparkline([0, 1, 1000], false)).toBe(" .#");
    expect([bar(1e-9, 10, true), bar(0, 10, true), bar(1, 3, false)]).toEqual(["▏", "", "###"]);
  });
});

describe("equalBytes and equalWords", () => {
  it("agree with each other wherever the bytes lie", () => {
    const bytes = fc.uint8Array({ maxLength: 20 });
    fc.assert(
      fc.property(bytes, bytes, fc.nat(7), fc.boolean(), (a, b, shift, same) => {
        const buffer = new Uint8Array(40);
        buffer.set(a, shift);
        const view = buffer.subarray(shift, shift + a.length);
        const other = same ? a : b;
        const expected = String(a) === String(other);
        expect([equalBytes(view, other), equalWords(view, other)]).toEqual([expected, expected]);
      }),
    );
  });
});

describe("Digest", () => {
  it("is the same however the bytes are cut, and tells most others apart", () => {
    const digest = (...pieces: number[][]) => {
      const digest = new Digest();
      for (const piece of pieces) digest.add(Uint8Array.from(piece));
      return String(digest);
    };
    expect(digest([1, 2], [3])).toBe(digest([1, 2, 3]));
    const all = Array.from({ length: 65536 }, (_, i) => digest([i & 255, i >> 8]));
    expect(new Set(all).size).toBe(65536);
  });
});
