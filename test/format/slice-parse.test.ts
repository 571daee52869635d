import { describe, expect, it } from "vitest";
import { parseSlice } from "../../src/format/slice-parse.ts";

describe("parseSlice", () => {
  it("reads numpy's spelling", () => {
    expect(parseSlice("0:4, :, -1")).toEqual([
      { start: 0, stop: 4, step: undefined },
      { start: null, stop: null, step: undefined },
      -1,
    ]);
    expect(parseSlice("[..., ::2]")).toEqual(["...", { start: null, stop: null, step: 2 }]);
    expect(parseSlice("10:12")).toEqual([{ start: 10, stop: 12, step: undefined }]);
    expect(parseSlice("")).toEqual([]);
    expect(parseSlice(" [ ] ")).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["letters", "a:b", 'slice "a:b", dimension 0: expected an index, start:stop:step or ..., found "a:b"'],
    [
      "an empty entry",
      "0,,1",
      'slice "0,,1", dimension 1: expected an index, start:stop:step or ..., found ""',
    ],
    ["four fields", "0:1:2:3", "dimension 0"],
    ["half a bracket", "[0", "dimension 0"],
    ["the other half", "0]", "dimension 0"],
    ["letters before a number", "x1", "dimension 0"],
    ["letters behind a number", "0:1x", "dimension 0"],
    ["a fraction", "0.5", "dimension 0"],
    ["what a terminal would act on", "\u001b[2J\u202e", '"\\u001b[2J\\u202e"'],
    ["what is no string", 7, "a slice in words must be a string, not the number 7"],
  ])("refuses %s", (_, text, message) => {
    expect(() => parseSlice(text as string)).toThrow(
      expect.objectContaining({ code: "InvalidSlice", message: expect.stringContaining(message) }),
    );
  });

  it("keeps its message short, whatever the length of the text", () => {
    for (const text of [`${"[".repeat(1e6)}`, `${"9".repeat(1e6)}x`, " :".repeat(1e6)]) {
      expect(() => parseSlice(text)).toThrow(/^.{1,700}$/su);
    }
  });
});
