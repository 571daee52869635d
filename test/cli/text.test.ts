import { describe, expect, it } from "vitest";
import * as base from "../../src/base/quote.ts";
import { jsonSafe, nameCell, printable, quote, truncateMiddle, wrap } from "../../src/cli/terminal/text.ts";

const CHARACTERS = Array.from({ length: 0x110000 }, (_, code) => String.fromCodePoint(code));

describe("printable and quote", () => {
  it("escape every code point as the library's messages do", () => {
    const wrong = CHARACTERS.filter(
      (char) => printable(char) !== base.printable(char) || quote(char) !== base.quote(char),
    );
    expect(wrong).toEqual([]);
  });

  it("cut as the library's messages do", () => {
    for (const text of ["a".repeat(300), "\u{1f600}".repeat(150), `${"a".repeat(199)}\u{1f600}`])
      expect(quote(text)).toBe(base.quote(text));
  });

  it("leave what is safe already as it is", () => {
    const once = printable("a\u001b[31m\n\u202eb \u{1f600} é");
    expect(printable(once)).toBe(once);
  });
});

describe("jsonSafe", () => {
  it("keeps the value and leaves nothing for a terminal to act on", () => {
    const text = CHARACTERS.join("");
    const json = jsonSafe(JSON.stringify({ text }, null, 2));
    expect(JSON.parse(json)).toEqual({ text });
    expect(json.replaceAll("\n", "")).toBe(printable(json.replaceAll("\n", "")));
  });
});

describe("nameCell", () => {
  it.each([
    ["", '""'],
    ["layers#0.w", "layers#0.w"],
    ["a\u009bb", "a\\u009bb"],
  ])("of %j is %s", (name, cell) => expect(nameCell(name)).toBe(cell));

  it("cuts the middle out of a long name", () => {
    const cell = nameCell(`start.${"x".repeat(1_000_000)}.end`);
    expect(cell).toMatch(/^start\.x+…x+\.end$/);
    expect(cell.length).toBe(200);
  });
});

describe("truncateMiddle", () => {
  it("keeps both ends", () => {
    expect(truncateMiddle("model.layers.10.weight", 12)).toBe("model.…eight");
    expect(truncateMiddle("abc", 3)).toBe("abc");
  });
});

describe("wrap", () => {
  it("breaks at spaces and never within a word", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("a/very/long/path", 5)).toEqual(["a/very/long/path"]);
    expect(wrap("one two", Number.POSITIVE_INFINITY)).toEqual(["one two"]);
  });
});
