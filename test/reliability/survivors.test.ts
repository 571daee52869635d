import { load } from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { planReads } from "../../src/format/plan.ts";
import { fileWithHeader } from "./files.ts";

// What mutation testing found no test for.
describe("tensors of no bytes at one offset", () => {
  it("keep the header's order among themselves, wherever they stand in it", () => {
    const entry = (name: string, begin: number, end: number) =>
      `"${name}":{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
    const empty = Array.from({ length: 40 }, (_, i) => entry(`e${(i * 17) % 40}`, 2, 2));
    const header = `{${[entry("last", 2, 4), ...empty, entry("first", 0, 2)].join(",")}}`;
    const names = Object.keys(load(fileWithHeader(header, 4)));
    expect(names).toEqual(["first", ...Array.from({ length: 40 }, (_, i) => `e${(i * 17) % 40}`), "last"]);
  });
});

describe("a group of reads", () => {
  it("may be as large far into the file as at its start", () => {
    for (const at of [0, 1_000_000]) {
      const ranges = [0, 40, 80].map((start) => ({ start: at + start, end: at + start + 40 }));
      const groups = planReads(ranges, { maxGap: 0, maxGroup: 100 });
      expect(groups.map(({ members }) => members)).toEqual([[0, 1], [2]]);
    }
  });
});
