import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planSlice } from "../../src/format/slice.ts";
import type { SliceIndex, SliceInput } from "../../src/format/slice-parse.ts";
import { DTYPES, type Dtype } from "../../src/tensor/dtypes.ts";

const spans = (dtype: Dtype, shape: readonly number[], slice: SliceInput) =>
  [...planSlice(dtype, shape, slice).spans()].map(({ start, end }) => [start, end]);

describe("planSlice", () => {
  it("takes rows as one span", () => {
    const plan = planSlice("F32", [10, 4], [[2, 5]]);
    expect(plan).toMatchObject({ shape: [3, 4], byteLength: 48, spanCount: 1 });
    expect([...plan.spans()]).toEqual([{ start: 32, end: 80, offset: 0 }]);
  });

  it("takes columns as one span a row", () => {
    expect(spans("U8", [3, 10], [null, [4, 6]])).toEqual([
      [4, 6],
      [14, 16],
      [24, 26],
    ]);
  });

  it("takes everything as one span", () => {
    expect(spans("F64", [2, 3, 4], [])).toEqual([[0, 192]]);
    expect(spans("F64", [2, 3, 4], ":, :, :")).toEqual([[0, 192]]);
  });

  it("drops the dimension that a number takes one place of", () => {
    expect(planSlice("U8", [4, 3, 2], [1, null, 0]).shape).toEqual([3]);
    expect(spans("U8", [4, 3, 2], [-1])).toEqual([[18, 24]]);
    expect(planSlice("U8", [], []).shape).toEqual([]);
  });

  it("cuts off what lies outside, as numpy does", () => {
    expect(planSlice("U8", [4], [[-10, 100]])).toMatchObject({ shape: [4] });
    expect(planSlice("U8", [4], [[3, 1]])).toMatchObject({ shape: [0], byteLength: 0, spanCount: 0 });
    expect(spans("U8", [4], [[5, 9]])).toEqual([]);
    expect(planSlice("U8", [0, 3], [null, 1])).toMatchObject({ shape: [0], byteLength: 0 });
  });

  it("takes every step-th place", () => {
    expect(spans("U16", [7], [[1, null, 3]])).toEqual([
      [2, 4],
      [8, 10],
    ]);
    expect(spans("U8", [6, 2], [{ start: 1, step: 2 }])).toEqual([
      [2, 4],
      [6, 8],
      [10, 12],
    ]);
  });

  it('takes "..." for as many whole dimensions as are left', () => {
    expect(planSlice("U8", [2, 3, 4], ["...", 0]).shape).toEqual([2, 3]);
    expect(planSlice("U8", [2, 3, 4], [0, "...", [1, 3]]).shape).toEqual([3, 2]);
    expect(planSlice("U8", [2, 3], ["...", 0, 0]).shape).toEqual([]);
  });

  it("yields a million spans one at a time", () => {
    const plan = planSlice("U8", [1_000_000, 2], [null, 0]);
    expect(plan.spanCount).toBe(1_000_000);
    const [first] = plan.spans();
    expect(first).toEqual({ start: 0, end: 1, offset: 0 });
  });

  it("works in tensors beyond 4 GiB", () => {
    expect(spans("F32", [2 ** 20, 2 ** 20], [-1, [0, 2]])).toEqual([
      [4 * (2 ** 40 - 2 ** 20), 4 * (2 ** 40 - 2 ** 20) + 8],
    ]);
  });

  it("cuts tensors of 4- and 6-bit elements at bytes only", () => {
    expect(spans("F4", [3, 4], [1])).toEqual([[2, 4]]);
    expect(spans("F4", [4], [[2, 4]])).toEqual([[1, 2]]);
    expect(spans("F6_E2M3", [2, 4], [1])).toEqual([[3, 6]]);
    for (const slice of [[[1, 3]], [1], [[0, 3]], [[0, 4, 2]]] as SliceIndex[][]) {
      expect(() => planSlice("F4", [4], slice)).toThrow(expect.objectContaining({ code: "MisalignedSlice" }));
    }
    expect(() => planSlice("F4", [4, 3], [[0, 2]])).not.toThrow();
    expect(() => planSlice("F4", [4, 3], [[1, 2]])).toThrow(
      expect.objectContaining({ code: "MisalignedSlice" }),
    );
  });

  it.each<[string, SliceInput, RegExp]>([
    ["too many entries", [0, 0, 0], /3 entries, expected at most 2/],
    [
      "an index past the end",
      [null, 3],
      /slice 3 of dimension 1 in shape \[4,3\]: expected an integer from -3 to 2/,
    ],
    ["an index before the start", [-5], /dimension 0/],
    ["an index that is no integer", [0.5], /dimension 0/],
    ["NaN", [Number.NaN], /dimension 0/],
    ["a range of fractions", [[0.5, 2]], /expected integers/],
    ["a step of 0", [[0, 2, 0]], /a positive step/],
    ["a step backwards", [[2, 0, -1]], /a positive step/],
    ["a bigint", [1n as never], /dimension 0/],
    ["two ellipses", ["...", "..."], /at most one/],
    ["no slice at all", null as never, /a slice must be an array .*, not null/],
    [
      "words that are no index",
      [["\u001b[2J" as never, 1]],
      /slice \[the string "\\u001b\[2J",1\] of dimension 0/,
    ],
  ])("refuses %s", (_, slice, message) => {
    expect(() => planSlice("U8", [4, 3], slice)).toThrow(
      expect.objectContaining({ code: "InvalidSlice", message: expect.stringMatching(message) }),
    );
  });

  it("takes the elements that plain indexing takes, in order", () => {
    const index = fc.oneof(
      fc.integer({ min: -6, max: 5 }),
      fc.constant(null),
      fc.record({
        start: fc.option(fc.integer({ min: -8, max: 8 })),
        stop: fc.option(fc.integer({ min: -8, max: 8 })),
        step: fc.option(fc.integer({ min: 1, max: 4 })),
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }),
        fc.array(index, { maxLength: 4 }),
        (shape, raw) => {
          const slice = raw
            .slice(0, shape.length)
            .map((one, d) =>
              typeof one === "number" ? (one >= 0 ? one % shape[d]! : -1 - ((-1 - one) % shape[d]!)) : one,
            );
          const plan = planSlice("U8", shape, slice);
          const found = [...plan.spans()].flatMap(({ start, end }) =>
            Array.from({ length: end - start }, (_, i) => start + i),
          );
          expect(found).toEqual(plainIndices(shape, slice));
          expect(plan.byteLength).toBe(found.length);
          expect(plan.spanCount).toBe([...plan.spans()].length);
          expect(plan.shape.reduce((a, b) => a * b, 1)).toBe(found.length);
          const bytes = DTYPES.C64.bits / 8;
          expect([...planSlice("C64", shape, slice).spans(1000)]).toEqual(
            [...plan.spans()].map(({ start, end, offset }) => ({
              start: 1000 + start * bytes,
              end: 1000 + end * bytes,
              offset: offset * bytes,
            })),
          );
          const offsets = [...plan.spans()].map(({ offset }) => offset);
          expect(offsets).toEqual(offsets.map((_, i) => (i * found.length) / offsets.length));
        },
      ),
    );
  });
});

// The flat indices of a slice, one dimension after the other.
function plainIndices(shape: readonly number[], slice: readonly SliceIndex[]): number[] {
  return shape.reduce<number[]>(
    (outer, size, d) => {
      const places = Array.from({ length: size }, (_, i) => i);
      const index = slice[d];
      let taken = places;
      if (typeof index === "number") taken = [places.at(index)!];
      else if (index && typeof index === "object" && "step" in index) {
        taken = places
          .slice(index.start ?? 0, index.stop ?? size)
          .filter((_, i) => i % (index.step ?? 1) === 0);
      }
      return outer.flatMap((place) => taken.map((one) => place * size + one));
    },
    [0],
  );
}
