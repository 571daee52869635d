import { describe, expect, it } from "vitest";
import { describeValue, messageOf, printable, quote, quoteList } from "../../src/base/quote.ts";

describe("quote", () => {
  it("spells plain names as JSON does", () => {
    for (const name of ["layers#0@w", "", 'say "hi"', "back\\slash", "a b", "größe 重み 😀"]) {
      expect(quote(name)).toBe(JSON.stringify(name));
    }
  });

  it.each([
    ["ESC", "\x1b[31mred", '"\\u001b[31mred"'],
    ["a C1 control", "\x9b2J", '"\\u009b2J"'],
    ["DEL", "a\x7f", '"a\\u007f"'],
    ["new lines and tabs", "a\n\r\tb", '"a\\n\\r\\tb"'],
    ["a bidirectional override", "a\u202eb", '"a\\u202eb"'],
    ["a zero-width joiner", "a\u200db", '"a\\u200db"'],
    ["a tag character", "a\u{e0041}", '"a\\u{e0041}"'],
    ["a line separator", "a\u2028b", '"a\\u2028b"'],
    ["a space that is not the plain one", "a\u00a0b", '"a\\u00a0b"'],
    ["a filler drawn as nothing", "a\u3164b", '"a\\u3164b"'],
    ["a lone surrogate", "a\ud800b", '"a\\ud800b"'],
  ])("escapes %s", (_, text, expected) => {
    expect(quote(text)).toBe(expected);
  });

  it("cuts after 200 characters, never within one", () => {
    expect(quote("x".repeat(200))).toBe(`"${"x".repeat(200)}"`);
    expect(quote("x".repeat(201))).toBe(`"${"x".repeat(200)}…"`);
    expect(quote(`${"x".repeat(199)}😀y`)).toBe(`"${"x".repeat(199)}…"`);
  });
});

describe("printable", () => {
  it("leaves quotes and backslashes, and escapes what acts on a terminal", () => {
    expect(printable('C:\\a "b" \x1b]0;title\x07')).toBe('C:\\a "b" \\u001b]0;title\\u0007');
  });
});

describe("describeValue", () => {
  it.each([
    [null, "null"],
    [undefined, "undefined"],
    ["abc", 'the string "abc"'],
    [-0, "the number -0"],
    [2n ** 70n, "the bigint 1180591620717411303424"],
    [true, "true"],
    [() => 1, "a function"],
    [Symbol("s"), "a symbol"],
    [[1], "an array"],
    [{ a: 1 }, "a plain object"],
    [Object.create(null), "a plain object"],
    [new Map(), "an instance of Map"],
    [new (class Adam {})(), "an instance of Adam"],
  ])("describes %s", (value, expected) => {
    expect(describeValue(value)).toBe(expected);
  });
});

describe("messageOf", () => {
  it("takes what was thrown, whatever it is, and keeps it off the terminal's controls", () => {
    expect(messageOf(new Error("bad \x1b[2J"))).toBe("bad \\u001b[2J");
    expect(messageOf("text")).toBe("text");
    expect(messageOf(undefined)).toBe("undefined");
  });
});

describe("quoteList", () => {
  it("quotes every name of a list that fits, and counts what it leaves out of a longer one", () => {
    expect(quoteList(["a", "b\n"], 2)).toBe('"a", "b\\n"');
    expect(quoteList(["a", "b", "c", "d"], 2)).toBe('"a", "b" and 2 more');
  });
});
