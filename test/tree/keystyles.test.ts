import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import { guessKeyStyle } from "../../src/tree/keys/guess.ts";
import {
  DictKey,
  FlattenedIndexKey,
  GetAttrKey,
  type KeyEntry,
  SequenceKey,
} from "../../src/tree/keys/keypath.ts";
import { keystr } from "../../src/tree/keys/keystr.ts";
import { KEY_STYLES, type KeyStyle, keyStyle } from "../../src/tree/keys/keystyles.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import { dictKey, Leaf, plainName } from "./arbitraries.ts";

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

const leaf = new Leaf(0);

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

  it.each<[string, string[], object]>([
    ["w", ["w", name("w", "absmax")], { w: 0, [name("w", "absmax")]: 1 }],
    ["w, whatever the order", [name("w", "absmax"), "w"], { w: 1, [name("w", "absmax")]: 0 }],
    [
      "one in a list, which becomes a dict",
      [name("l", 0), name("l", 0, "q", "s"), name("l", 1)],
      { l: { 0: 0, [name(0, "q", "s")]: 1, 1: 2 } },
    ],
    [
      "one behind another",
      [name("a", "b"), name("a", "b", "c"), name("a", "b", "c", "d")],
      { a: { b: 0, [name("b", "c")]: 1, [name("b", "c", "d")]: 2 } },
    ],
    ["the empty name", ["", name("", "x"), "y"], { "": 0, [name("", "x")]: 1, y: 2 }],
  ])("keeps what stands behind a name as a key beside it: %s", (_, names, tree) => {
    const dict = Object.fromEntries(names.map((one, i) => [one, i]));
    const built = dict2pytree(dict, { keys: style });
    expect(built).toEqual(tree);
    expect(pytree2dict(built, { keys: style })).toEqual(dict);
    const saved = tree2names(built, { keys: style, structure: "always" });
    expect(saved.leaves.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(JSON.parse(saved.structure!).leaves).toBeUndefined();
  });

  it("refuses a name without end, and names of more containers than any tree of so many tensors", () => {
    const comb = Array.from({ length: 600 }, (_, i) => [`${i}${`${separator}a`.repeat(900)}`, i]);
    expect(() => dict2pytree(Object.fromEntries(comb), { keys: style })).toThrow(
      expect.objectContaining({ code: "DepthLimit", message: expect.stringContaining("maxContainers") }),
    );
    expect(() => dict2pytree({ [`a${separator}`.repeat(100_000)]: 1 }, { keys: style })).toThrow(
      expect.objectContaining({ code: "DepthLimit" }),
    );
  });
});

describe("guessKeyStyle", () => {
  it.each<[string, string[]]>([
    ["pytree", []],
    ["pytree", ["weight", "bias"]],
    ["pytree", ["layers#0@w", "layers#0@b"]],
    ["pytree", ["conv1.bias", "layers#0.weight"]],
    ["pytree", ["@linear/~/w@b", "@linear/~/w@w"]],
    ["pytree", ["@step", "model.w"]],
    ["pytree", ["#0", "#1"]],
    ["dotted", ["conv1.bias"]],
    ["dotted", ["conv1.bias", "layers.0.weight", "scale"]],
    ["dotted", ["transformer.h.0.attn.c_attn.weight", "issue#x.weight"]],
    ["slash", ["encoder/layer_0/kernel", "step"]],
    ["slash", ["params/Dense_0/kernel.v1"]],
    ["slash", ["model@v2/dense/kernel"]],
    ["keystr", [".layers[0]['w']", ".step"]],
    ["keystr", ["['a'].b", "[0]"]],
    ["dotted", [".a.b", ".c"]],
  ])("reads %s in %j", (style, names) => {
    expect(guessKeyStyle(names)).toBe(style);
    expect(guessKeyStyle([...names].reverse())).toBe(style);
  });

  it("is what keys: 'auto' reads by, in one tree of each family", () => {
    const read = (...names: string[]) => names2tree(names, { keys: "auto" }).build((name) => name);
    expect(read("conv1.bias")).toEqual({ conv1: { bias: "conv1.bias" } });
    expect(read("l.0.w", "l.1.w")).toEqual({ l: [{ w: "l.0.w" }, { w: "l.1.w" }] });
    expect(read("e/l_0/k")).toEqual({ e: { l_0: { k: "e/l_0/k" } } });
    expect(read("@l#0")).toEqual({ l: ["@l#0"] });
    expect(dict2pytree({ "['a'][0]": 1 }, { keys: "auto" })).toEqual({ a: [1] });
  });

  it("takes the style that the structure metadata names before any guess", () => {
    const { leaves, structure } = tree2names({ a: [1, {}] }, { keys: "slash" });
    const plan = names2tree(leaves, { keys: "auto", structure, mode: "require" });
    expect(plan.build(({ leaf }) => leaf)).toEqual({ a: [1, {}] });
  });

  it.each([
    [["layers.0.weight", "layers.1.weight"], "dotted"],
    [["0.weight", "weight.bias"], "dotted"],
    [["weight.bias", "blocks.10"], "dotted"],
    [["encoder/layer_0/kernel"], "slash"],
    [[".layers[0]['w']"], "keystr"],
  ])("says so once where no style is given and the names look like another's: %j", (names, style) => {
    const warnings: Error[] = [];
    const onWarning = (error: Error) => warnings.push(error);
    names2tree(names, { onWarning });
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining(`keys: "${style}"`)]);
    names2tree(names, { onWarning, keys: "pytree" });
    names2tree(names, { onWarning, keys: "auto" });
    names2tree(["conv1.bias", "fc.w"], { onWarning });
    expect(warnings).toHaveLength(1);
  });
});

describe("the dotted style and structure metadata", () => {
  const structureOf = (tree: unknown) => tree2names(tree, { keys: "dotted" }).structure;

  it("has none where a reader of dotted names gets the tree back without it", () => {
    expect(structureOf({ layers: [{ w: leaf }, { w: leaf }], b: leaf })).toBeUndefined();
    expect(tree2names([leaf], { keys: "slash" }).structure).toBe('{"version":1,"keys":"slash"}');
  });

  it("has what such a reader would miss, and no empty members", () => {
    expect(structureOf({ w: leaf, e: {} })).toBe(
      '{"version":1,"keys":"dotted","nodes":[[[["@","e"]],"dict"]]}',
    );
    expect(JSON.parse(structureOf({ 0: leaf })!)).toEqual({
      version: 1,
      keys: "dotted",
      leaves: { 0: [["@", "0"]] },
    });
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

  it("reads only names whose key paths the structure metadata doesn't know", () => {
    const read: string[] = [];
    const own: KeyStyle = {
      name: "verbatim",
      encode: ([entry]) => String((entry as DictKey).key),
      decode(names) {
        read.push(...names);
        return names.map((name) => [new DictKey(name)]);
      },
    };
    const leaves = { "odd name": [["@", "a"]] };
    const structure = JSON.stringify({ version: 1, keys: "verbatim", nodes: [], leaves });
    const plan = names2tree(["odd name", "b"], { keys: own, structure, mode: "require" });
    expect(plan.build((name) => name)).toEqual({ a: "odd name", b: "b" });
    expect(read).toEqual(["b"]);
  });
});
