import { describe, expect, it } from "vitest";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { registerPytreeNode } from "../../src/tree/kinds/registry.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { flattenTemplate } from "../../src/tree/template.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import { Leaf, Linear } from "./arbitraries.ts";

const leaf = new Leaf(0);
const key = Symbol("hidden");

describe("what no walk looks at", () => {
  it.each<[string, object]>([
    ["a symbol key of a plain object", { w: leaf, [key]: leaf }],
    ["a symbol key of an object without a prototype", Object.assign(Object.create(null), { [key]: 1 })],
    ["a symbol key of a container", Object.assign(new PyTreeContainer({ w: leaf }), { [key]: 1 })],
    ["a symbol key of an array", Object.assign([leaf], { [key]: 1 })],
    ["a named property of an array", Object.assign([leaf], { total: 3 })],
    ["a named property of an empty array", Object.assign([], { "-1": leaf })],
    ["the groups of a match", /(?<x>a)/.exec("a")!],
    ["a named property of a Map", Object.assign(new Map([["w", leaf]]), { count: 1 })],
    ["a symbol key of a Map", Object.assign(new Map(), { [key]: leaf })],
  ])("is an error: %s", (_, node) => {
    for (const save of [tree2names, pytree2dict, flattenTemplate]) {
      expect(() => save({ layers: [node] })).toThrow(
        expect.objectContaining({
          code: "UnsupportedKey",
          keyPath: "['layers'][0]",
          message: expect.stringMatching(/has the (key|property)/),
        }),
      );
    }
  });

  it("is an error in static data too", () => {
    for (const data of [{ a: { [key]: 1 } }, { a: Object.assign([1], { unit: "s" }) }]) {
      expect(() => tree2names({ l: new Linear(leaf, leaf, data) })).toThrow(
        expect.objectContaining({ code: "UnsupportedLeaf", keyPath: "['l'] (test.Linear).activation.a" }),
      );
    }
  });

  it("is none where nothing is lost: hidden properties, holes, classes that say what counts", () => {
    class Own {
      readonly w = leaf;
      readonly [key] = 1;
    }
    registerPytreeNode(Own, { flattenWithKeys: () => [[]], unflatten: () => new Own() });
    const hidden = Object.defineProperty({ w: leaf }, key, { value: 1, enumerable: false });
    // biome-ignore lint/suspicious/noSparseArray: that is what is tested
    expect(Object.keys(pytree2dict({ hidden, list: [, leaf], own: new Own() }))).toEqual([
      "@hidden@w",
      "@list#1",
    ]);
  });

  it.each([
    [new Map([["@w", 1]])],
    [3],
    [() => 1],
    ["@w"],
    [[1]],
    [null],
    [undefined],
    [new Leaf(0)],
    [true],
  ])("is an error of dict2pytree for what is not a dict: %o", (dict) => {
    expect(() => dict2pytree(dict as never)).toThrow(
      expect.objectContaining({
        code: "InvalidArgument",
        expected: "a plain object",
        found: expect.any(String),
      }),
    );
  });

  it("is an error of dict2pytree for symbol keys", () => {
    expect(() => dict2pytree({ "@w": 1, [key]: 2 } as never)).toThrow(
      expect.objectContaining({ code: "InvalidArgument", found: "the key Symbol(hidden)" }),
    );
  });
});

describe("keys that differ by type only", () => {
  it.each<[unknown[], string[]]>([
    [
      [1, 1n],
      ["a number", "a bigint"],
    ],
    [
      [2n, "2"],
      ["[2]", "['2']"],
    ],
    [
      [true, "true"],
      ["[True]", "['true']"],
    ],
  ])("are told apart in messages: %o", (keys, texts) => {
    const tree = { m: new Map(keys.map((one) => [one, leaf])) };
    for (const text of texts) expect(() => pytree2dict(tree)).toThrow(text);
  });
});
