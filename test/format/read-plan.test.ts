import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ByteRange, planReads, type ReadPlanOptions, splitRead } from "../../src/format/read-plan.ts";

const range = (start: number, end: number) => ({ start, end });

/** The groups with the places of their members in the list. */
function plan(ranges: readonly ByteRange[], options?: ReadPlanOptions) {
  return [...planReads(ranges, options)].map(({ start, end, members }) => [
    start,
    end,
    members.map((member) => ranges.indexOf(member)),
  ]);
}

describe("planReads", () => {
  it("joins neighbours", () => {
    expect(plan([range(0, 4), range(4, 10)])).toEqual([[0, 10, [0, 1]]]);
  });

  it("joins across a gap up to maxGap, not beyond", () => {
    const ranges = [range(0, 4), range(14, 20), range(31, 40)];
    expect(plan(ranges, { maxGap: 10 })).toEqual([
      [0, 20, [0, 1]],
      [31, 40, [2]],
    ]);
  });

  it("never reads more than 64 KiB that nobody asked for between two ranges", () => {
    expect(plan([range(0, 1), range(65_537, 65_538)])).toHaveLength(1);
    expect(plan([range(0, 1), range(65_538, 65_539)])).toHaveLength(2);
  });

  it("starts a group when the last would grow over maxGroup", () => {
    const ranges = [range(0, 6), range(6, 10), range(10, 11)];
    expect(plan(ranges, { maxGroup: 10 })).toEqual([
      [0, 10, [0, 1]],
      [10, 11, [2]],
    ]);
  });

  it("lets a group be as large far into the file as at its start", () => {
    for (const at of [0, 1_000_000]) {
      const ranges = [0, 40, 80].map((start) => range(at + start, at + start + 40));
      const groups = plan(ranges, { maxGap: 0, maxGroup: 100 });
      expect(groups.map(([, , members]) => members)).toEqual([[0, 1], [2]]);
    }
  });

  it("gives a range larger than maxGroup a group of its own", () => {
    const ranges = [range(0, 1), range(1, 100), range(100, 101)];
    expect(plan(ranges, { maxGroup: 10 })).toEqual([
      [0, 1, [0]],
      [1, 100, [1]],
      [100, 101, [2]],
    ]);
  });

  it("cuts a range larger than maxRead, and joins what follows to its last piece", () => {
    const ranges = [range(0, 1), range(1, 26), range(26, 30), range(30, 40)];
    expect(plan(ranges, { maxGroup: 10, maxRead: 10 })).toEqual([
      [0, 1, [0]],
      [1, 11, [1]],
      [11, 21, [1]],
      [21, 30, [1, 2]],
      [30, 40, [3]],
    ]);
  });

  it("takes in empty ranges, and reads nothing for them alone", () => {
    expect(plan([range(0, 4), range(4, 4), range(4, 8)])).toEqual([[0, 8, [0, 1, 2]]]);
    expect(plan([range(7, 7), range(7, 7)], { maxRead: 1 })).toEqual([[7, 7, [0, 1]]]);
  });

  it("takes in ranges that repeat, overlap and contain each other", () => {
    expect(plan([range(0, 10), range(0, 10), range(2, 5), range(8, 12)])).toEqual([[0, 12, [0, 1, 2, 3]]]);
  });

  it("covers ranges that come out of order too, in more groups", () => {
    expect(plan([range(8, 10), range(0, 4), range(4, 8)])).toEqual([
      [8, 10, [0]],
      [0, 8, [1, 2]],
    ]);
  });

  it("plans nothing for nothing", () => {
    expect(plan([])).toEqual([]);
  });

  it("plans a billion ranges one group at a time", () => {
    function* ranges() {
      for (let i = 0; i < 1e9; i++) yield range(100 * i, 100 * i + 1);
    }
    const groups = planReads(ranges(), { maxGap: 50 });
    for (let i = 0; i < 1000; i++) expect(groups.next().value).toMatchObject({ start: 100 * i });
    groups.return();
  });

  it("covers every range, within its limits", () => {
    const ranges = fc
      .array(fc.tuple(fc.nat(1000), fc.nat(60)).map(([start, size]) => range(start, start + size)))
      .map((list) => list.sort((a, b) => a.start - b.start || a.end - b.end));
    const limit = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(ranges, fc.nat(30), limit, fc.option(limit), (list, maxGap, maxGroup, cut) => {
        const maxRead = cut ?? Number.POSITIVE_INFINITY;
        const covered = new Map<ByteRange, number>(list.map((one) => [one, one.start]));
        for (const { start, end, members } of planReads(list, { maxGap, maxGroup, maxRead })) {
          expect(end - start <= maxGroup || end - start <= Math.max(60, maxGroup)).toBe(true);
          expect(members.length > 1 || end - start <= maxRead).toBe(true);
          let at = start;
          for (const member of members) {
            expect(member.start - at).toBeLessThanOrEqual(maxGap);
            // What was read of it before ends where this part begins.
            expect(Math.max(member.start, start)).toBe(Math.max(covered.get(member)!, start));
            covered.set(member, Math.min(member.end, end));
            at = Math.max(at, Math.min(member.end, end));
          }
          expect(at).toBe(end);
        }
        for (const one of list) expect(covered.get(one)).toBe(one.end);
      }),
    );
  });
});

describe("splitRead", () => {
  it("cuts a range into pieces that follow each other", () => {
    expect(splitRead(5, 30, 10)).toEqual([range(5, 15), range(15, 25), range(25, 30)]);
  });

  it("leaves a small range whole, and nothing of an empty one", () => {
    expect(splitRead(5, 15, 10)).toEqual([range(5, 15)]);
    expect(splitRead(5, 5, 10)).toEqual([]);
  });

  it("works beyond 4 GiB", () => {
    expect(splitRead(2 ** 33, 2 ** 33 + 2 ** 31, 2 ** 30)).toEqual([
      range(2 ** 33, 2 ** 33 + 2 ** 30),
      range(2 ** 33 + 2 ** 30, 2 ** 33 + 2 ** 31),
    ]);
  });
});
