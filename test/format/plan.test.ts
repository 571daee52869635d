import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planReads, splitRead } from "../../src/format/read-plan.ts";

const range = (start: number, end: number) => ({ start, end });

describe("planReads", () => {
  it("joins neighbours", () => {
    expect(planReads([range(0, 4), range(4, 10)])).toEqual([{ start: 0, end: 10, members: [0, 1] }]);
  });

  it("joins across a gap up to maxGap, not beyond", () => {
    const ranges = [range(0, 4), range(14, 20), range(31, 40)];
    expect(planReads(ranges, { maxGap: 10 })).toEqual([
      { start: 0, end: 20, members: [0, 1] },
      { start: 31, end: 40, members: [2] },
    ]);
  });

  it("never reads more than 64 KiB that nobody asked for between two ranges", () => {
    expect(planReads([range(0, 1), range(65_537, 65_538)])).toHaveLength(1);
    expect(planReads([range(0, 1), range(65_538, 65_539)])).toHaveLength(2);
  });

  it("starts a group where the last would grow over maxGroup", () => {
    const ranges = [range(0, 6), range(6, 10), range(10, 11)];
    expect(planReads(ranges, { maxGroup: 10 }).map(({ members }) => members)).toEqual([[0, 1], [2]]);
  });

  it("gives a range larger than maxGroup a group of its own", () => {
    const ranges = [range(0, 1), range(1, 100), range(100, 101)];
    expect(planReads(ranges, { maxGroup: 10 }).map(({ members }) => members)).toEqual([[0], [1], [2]]);
  });

  it("puts members in file order, whatever the order of ranges", () => {
    expect(planReads([range(8, 10), range(0, 4), range(4, 8)])[0]!.members).toEqual([1, 2, 0]);
  });

  it("takes in empty ranges, and reads nothing for them alone", () => {
    expect(planReads([range(0, 4), range(4, 4), range(4, 8)])).toEqual([
      { start: 0, end: 8, members: [0, 1, 2] },
    ]);
    expect(planReads([range(7, 7), range(7, 7)])).toEqual([{ start: 7, end: 7, members: [0, 1] }]);
  });

  it("takes in ranges that repeat, overlap and contain each other", () => {
    expect(planReads([range(0, 10), range(2, 5), range(0, 10), range(8, 12)])).toEqual([
      { start: 0, end: 12, members: [0, 2, 1, 3] },
    ]);
  });

  it("plans nothing for nothing", () => {
    expect(planReads([])).toEqual([]);
  });

  it("covers every range by exactly one group, within its limits", () => {
    const ranges = fc.array(
      fc.tuple(fc.nat(1000), fc.nat(60)).map(([start, size]) => range(start, start + size)),
    );
    fc.assert(
      fc.property(ranges, fc.nat(30), fc.integer({ min: 1, max: 100 }), (list, maxGap, maxGroup) => {
        const groups = planReads(list, { maxGap, maxGroup });
        const members = groups.flatMap((group) => group.members);
        expect([...members].sort((a, b) => a - b)).toEqual(list.map((_, i) => i));
        for (const { start, end, members } of groups) {
          expect(
            end - start <= maxGroup || members.length === 1 || members.every((i) => list[i]!.start === start),
          ).toBe(true);
          let covered = start;
          for (const i of members) {
            expect(list[i]!.start).toBeGreaterThanOrEqual(start);
            expect(list[i]!.end).toBeLessThanOrEqual(end);
            expect(list[i]!.start - covered).toBeLessThanOrEqual(maxGap);
            covered = Math.max(covered, list[i]!.end);
          }
          expect(covered).toBe(end);
        }
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
