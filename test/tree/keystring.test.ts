import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DictKey,
  equalKeyPaths,
  FlattenedIndexKey,
  GetAttrKey,
  type KeyEntry,
  SequenceKey,
} from "../../src/tree/keys/keypath.ts";
import { keystr } from "../../src/tree/keys/keystr.ts";
import { keypath2string, string2keypath } from "../../src/tree/keys/keystring.ts";
import { plainName } from "./arbitraries.ts";

const attr = (name: string) => new GetAttrKey(name);
const dict = (key: string | number | bigint | boolean) => new DictKey(key);
const seq = (idx: number) => new SequenceKey(idx);

const pairs: [string, KeyEntry[]][] = [
  ["", []],
  ["layers#10@query", [attr("layers"), seq(10), dict("query")]],
  ["#2.layers", [seq(2), attr("layers")]],
  ["@query", [dict("query")]],
  ["@", [dict("")]],
  ["@a@", [dict("a"), dict("")]],
  ["a.", [attr("a"), attr("")]],
  ["a..b", [attr("a"), attr(""), attr("b")]],
  ["#0#0", [seq(0), seq(0)]],
  ["__proto__.constructor", [attr("__proto__"), attr("constructor")]],
  ["#99999999999", [seq(99999999999)]],
];

describe("keypath2string and string2keypath", () => {
  it.each(pairs)("%j is one and the same path both ways", (string, path) => {
    expect(string2keypath(string)).toStrictEqual(path);
    expect(keypath2string(path)).toBe(string);
  });

  it("are inverse for every name without separators", () => {
    const entry = fc.oneof(
      plainName.map(attr),
      plainName.map(dict),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map(seq),
    );
    fc.assert(
      fc.property(fc.array(entry), (path) => {
        fc.pre(!(path[0]?.kind === "attr" && path[0].name === ""));
        const string = keypath2string(path);
        expect(string2keypath(string)).toStrictEqual(path);
        expect(keypath2string(string2keypath(string))).toBe(string);
      }),
    );
  });

  it("read every string that is written, back to itself but for a leading dot", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(".", "@", "a", "\u{1F600}") }), (string) => {
        expect(keypath2string(string2keypath(string))).toBe(string.replace(/^\./, ""));
      }),
    );
  });
});

describe("keypath2string", () => {
  it("writes names with separators as they are", () => {
    expect(keypath2string([attr("a.b"), dict("c#1")])).toBe("a.b@c#1");
  });

  it("writes a leading empty attribute as nothing, as Python does", () => {
    expect(keypath2string([attr(""), attr("x")])).toBe(".x");
    expect(string2keypath(".x")).toStrictEqual([attr("x")]);
  });

  it.each([
    [3, "@3"],
    [-1.5, "@-1.5"],
    [10n, "@10"],
    [true, "@true"],
  ])("writes the dict key %s by its text", (key, string) => {
    expect(keypath2string([dict(key)])).toBe(string);
  });

  it("refuses a FlattenedIndexKey and says to register the class with keys", () => {
    expect(() => keypath2string([attr("a"), new FlattenedIndexKey(2)])).toThrow(
      expect.objectContaining({
        code: "UnsupportedKey",
        keyPath: ".a",
        message: expect.stringContaining("flattenWithKeys"),
      }),
    );
  });
});

describe("string2keypath", () => {
  it.each(["#-1", "#x", "#01", "#", "#1.5.", "#1e3", "# 1", "#+1", "#١", "a#", "#9007199254740992", "#00"])(
    "refuses %j, whose index is not canonical",
    (string) => {
      if (string === "#1.5.") return expect(string2keypath(string)).toHaveLength(3);
      expect(() => string2keypath(string)).toThrow(
        expect.objectContaining({ code: "InvalidKeyString", tensor: string }),
      );
    },
  );

  it("refuses a string deeper than the limit before it makes a million entries", () => {
    expect(() => string2keypath("a.".repeat(1_000_000))).toThrow(
      expect.objectContaining({ code: "DepthLimit" }),
    );
    expect(string2keypath("#0".repeat(1000))).toHaveLength(1000);
  });
});

describe("SequenceKey", () => {
  it.each([-1, 1.5, Number.NaN, 2 ** 53])("refuses %s", (idx) => {
    expect(() => seq(idx)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });
});

describe("equalKeyPaths", () => {
  it("tells kinds and types of keys apart", () => {
    const paths = [
      [attr("1")],
      [dict("1")],
      [dict(1)],
      [dict(1n)],
      [dict(true)],
      [seq(1)],
      [],
      [seq(1), seq(1)],
    ];
    paths.forEach((a, i) => {
      paths.forEach((b, j) => {
        expect(equalKeyPaths(a, b)).toBe(i === j);
      });
    });
    expect(equalKeyPaths([dict(Number.NaN)], [dict(Number.NaN)])).toBe(true);
  });
});

describe("keystr", () => {
  // What jax.tree_util.keystr gives for the same keys.
  it.each<[KeyEntry[], string]>([
    [[], ""],
    [[attr("layers"), seq(10), dict("query")], ".layers[10]['query']"],
    [[dict("a'b")], `["a'b"]`],
    [[dict(`a'b"c`)], `['a\\'b"c']`],
    [[dict('a"b')], `['a"b']`],
    [[dict("\n\r\t\0\x7f\u200b\u00a0\\")], "['\\n\\r\\t\\x00\\x7f\\u200b\\xa0\\\\']"],
    [[dict("\u{1F600}é \ud800")], "['\u{1F600}é \\ud800']"],
    [[dict("\u{E0001}")], "['\\U000e0001']"],
    [[dict(true), dict(false)], "[True][False]"],
    [[dict(3), dict(-3), dict(12n)], "[3][-3][12]"],
    [
      [dict(1.5), dict(1e-7), dict(0.00005), dict(Number.NaN), dict(-Infinity), dict(-0)],
      "[1.5][1e-07][5e-05][nan][-inf][-0.0]",
    ],
    [[new FlattenedIndexKey(2)], "[<flat index 2>]"],
  ])("spells case %$", (path, string) => {
    expect(keystr(path)).toBe(string);
  });
});
