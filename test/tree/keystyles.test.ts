import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import {
  DictKey,
  FlattenedIndexKey,
  GetAttrKey,
  type KeyEntry,
  SequenceKey,
} from "../../src/tree/keys/keypath.ts";
import { keystr } from "../../src/tree/keys/keystring.ts";
import { KEY_STYLES, type KeyStyle, keyStyle } from "../../src/tree/keys/keystyles.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { dictKey, plainName } from "./arbitraries.ts";

describe("keyStyle", () => {
  it("knows the styles by name, takes one of one's own, and refuses others", () => {
    for (const name of ["pytree", "dotted", "slash", "keystr"] as const) {
      expect(keyStyle(name)).toBe(KEY_STYLES[name]);
      expect(keyStyle(name).name).toBe(name);
    }
    const own: KeyStyle = { name: "own", encode: () => "", decode: () => [] };
    expect(keyStyle(own)).toBe(own);
    expect(() => keyStyle("toString" as "dotted")).toThrow(
      expect.objectContaining({ code: "InvalidArgument", expected: "pytree, dotted, slash, keystr" }),
    );
  });
});

describe.each([
  ["dotted", "."],
  ["slash", "/"],
] as const)("the %s style", (style, separator) => {
  const name = (...texts: (string | number)[]) => texts.join(separator);

  it("writes keys of every kind alike", () => {
    const tree = { layers: [{ w: 1 }, new Map([[3, 2]])] };
    expect(pytree2dict(tree, { keys: style })).toEqual({
      [name("layers", 0, "w")]: 1,
      [name("layers", 1, 3)]: 2,
    });
    expect(KEY_STYLES[style].encode([])).toBe("");
    expect(() => KEY_STYLES[style].encode([new FlattenedIndexKey(0)])).toThrow(
      expect.objectContaining({ code: "UnsupportedKey" }),
    );
  });

  it("reads digits as list indices where they run from 0 without gaps, else as dict keys", () => {
    const dict = {
      [name("full", 1, "w")]: 1,
      [name("full", 0, "w")]: 2,
      [name("gap", 0)]: 3,
      [name("gap", 2)]: 4,
      [name("late", 1)]: 5,
      [name("mixed", 0)]: 6,
      [name("mixed", "x")]: 7,
      [name("zeros", "00")]: 8,
    };
    expect(dict2pytree(dict, { keys: style })).toEqual({
      full: [{ w: 2 }, { w: 1 }],
      gap: { 0: 3, 2: 4 },
      late: { 1: 5 },
      mixed: { 0: 6, x: 7 },
      zeros: { "00": 8 },
    });
    expect(dict2pytree({ 1: "b", 0: "a" }, { keys: style })).toEqual(["a", "b"]);
    expect(dict2pytree({ "": 1 }, { keys: style })).toBe(1);
  });

  it("reads back every dict of dicts and full lists", () => {
    const key = plainName.filter((text) => text !== "" && !/[./]/.test(text) && !/^\d+$/.test(text));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.integer(),
        fc.array(tie("tree"), { minLength: 1, maxLength: 12 }),
        fc.dictionary(key, tie("tree"), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(dict2pytree(pytree2dict(value, { keys: style }), { keys: style })).toEqual(value);
      }),
    );
  });

  it("refuses a leaf above others, and a name without end", () => {
    expect(() => dict2pytree({ a: 1, [name("a", "b")]: 2 }, { keys: style })).toThrow(
      expect.objectContaining({ code: "KeyConflict" }),
    );
    expect(() => dict2pytree({ [`a${separator}`.repeat(100_000)]: 1 }, { keys: style })).toThrow(
      expect.objectContaining({ code: "DepthLimit" }),
    );
  });
});

describe("the keystr style", () => {
  const { encode, decode } = KEY_STYLES.keystr;

  it("reads back all that it writes, but for names with separators and integer keys", () => {
    const entry: fc.Arbitrary<KeyEntry> = fc.oneof(
      plainName.filter((text) => !/[.[]/.test(text)).map((text) => new GetAttrKey(text)),
      dictKey
        .filter(
          (key) =>
            typeof key !== "bigint" &&
            (typeof key !== "number" || !Number.isInteger(key) || Object.is(key, -0)),
        )
        .map((key) => new DictKey(key)),
      fc.nat().map((i) => new SequenceKey(i)),
      fc.nat().map((i) => new FlattenedIndexKey(i)),
    );
    fc.assert(
      fc.property(fc.array(entry), (path) => {
        expect(encode(path)).toBe(keystr(path));
        expect(decode([encode(path)])).toStrictEqual([path]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[string, KeyEntry[]]>([
    [`["a'b"]['c"d']`, [new DictKey("a'b"), new DictKey('c"d')]],
    ["['\\x41\\u00e9\\U0001f600\\n\\\\']", [new DictKey("A\u00e9\u{1F600}\n\\")]],
    ["[3]", [new SequenceKey(3)]],
    ["[-3]", [new DictKey(-3)]],
    ["[99999999999999999999]", [new DictKey(99999999999999999999n)]],
    ["[True].x", [new DictKey(true), new GetAttrKey("x")]],
    ["[1.5][1e-07][-inf]", [new DictKey(1.5), new DictKey(1e-7), new DictKey(-Infinity)]],
    ["..", [new GetAttrKey(""), new GetAttrKey("")]],
  ])("reads %s", (string, path) => {
    expect(decode([string])).toStrictEqual([path]);
  });

  it.each(["x", "[", "[x]", "['a]", "['a'", "[]", "[1", "[01]", ".a]b[", "[<flat index x>]", "[None]"])(
    "refuses %j",
    (string) => {
      if (string === ".a]b[") return expect(() => decode([string])).toThrow(/at 4/);
      expect(() => decode([string])).toThrow(
        expect.objectContaining({ code: "InvalidKeyString", tensor: string }),
      );
    },
  );

  it("refuses a name without end, in linear time", () => {
    expect(() => decode(["[0]".repeat(100_000)])).toThrow(expect.objectContaining({ code: "DepthLimit" }));
    expect(() => decode([`['${"\\\\".repeat(500_000)}`])).toThrow(
      expect.objectContaining({ code: "InvalidKeyString" }),
    );
  });
});

describe("a style of one's own", () => {
  it("is used both ways", () => {
    const own: KeyStyle = {
      name: "colons",
      encode: (path) => path.map((e) => (e as DictKey).key).join("::"),
      decode: (names) => names.map((name) => name.split("::").map((text) => new DictKey(text))),
    };
    expect(pytree2dict({ a: { b: 1 } }, { keys: own })).toEqual({ "a::b": 1 });
    expect(dict2pytree({ "a::b": 1 }, { keys: own })).toEqual({ a: { b: 1 } });
  });
});
