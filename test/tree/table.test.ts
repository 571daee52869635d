// Each row of the table of key strings in docs/format.md, by its name.
import { describe, expect, it } from "vitest";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import { FlattenedIndexKey, GetAttrKey } from "../../src/tree/keys/keypath.ts";
import { keypath2string, string2keypath } from "../../src/tree/keys/keystring.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { registerPytreeNode } from "../../src/tree/kinds/registry.ts";
import { matchWeights } from "../../src/tree/match.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { flattenTemplate } from "../../src/tree/template.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import { dictOf, Leaf, same } from "./arbitraries.ts";

const [a, b, c] = [new Leaf(0), new Leaf(1), new Leaf(2)];
const container = (attrs: object) => new PyTreeContainer(attrs);

function saveAndLoad(tree: unknown): unknown {
  const { leaves, structure } = tree2names(tree);
  const plan = names2tree(leaves, { structure, mode: structure === undefined ? "auto" : "require" });
  return plan.build(({ leaf }) => leaf);
}

const fails = (code: string, ...texts: string[]) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(
      new RegExp(texts.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")),
    ),
  });

describe("key strings, row by row", () => {
  it("a bare leaf, path (): the empty string, both ways", () => {
    expect(keypath2string([])).toBe("");
    expect(string2keypath("")).toEqual([]);
    expect(pytree2dict(a)).toEqual({ "": a });
    expect(dict2pytree({ "": a })).toBe(a);
    expect(saveAndLoad(a)).toBe(a);
  });

  it("a name that contains . @ #: the same string written, the tree kept, found by templates", () => {
    const tree = { "a.b": a, c: container({ "d@e": [b], "#0": c }) };
    const names = ["@a.b", "@c.d@e#0", "@c.#0"];
    expect(Object.keys(pytree2dict(tree))).toEqual(names);
    expect(saveAndLoad(tree)).toSatisfy(same(tree));
    const tensors = names.map((name) => ({ name }));
    const { met } = matchWeights(flattenTemplate(tree).leaves, tensors, { mode: "exact" });
    expect(met).toEqual(tensors);
  });

  it("empty names: @, @a@, a., a..b", () => {
    for (const [tree, name] of [
      [{ "": a }, "@"],
      [{ a: { "": a } }, "@a@"],
      [container({ a: container({ "": a }) }), "a."],
      [container({ a: container({ "": container({ b: a }) }) }), "a..b"],
    ] as const) {
      expect(pytree2dict(tree)).toEqual({ [name]: a });
      expect(dict2pytree({ [name]: a })).toSatisfy(same(tree));
      expect(tree2names(tree).structure).toBeUndefined();
    }
  });

  it("a leading GetAttrKey(''): kept by structure metadata, else an error; x beside .x is an error", () => {
    const tree = container({ "": container({ x: a }), x: b });
    expect(tree2names(tree).leaves.map(({ name }) => name)).toEqual([".x", "x"]);
    expect(saveAndLoad(tree)).toSatisfy(same(tree));
    expect(() => tree2names(tree, { structure: "never" })).toThrow(fails("UnsupportedKey", "empty name"));
    expect(() => pytree2dict(tree)).toThrow(fails("UnsupportedKey", "empty name"));
    expect(() => pytree2dict(container({ "": a }))).toThrow(
      expect.objectContaining({
        code: "UnsupportedKey",
        keyPath: ".",
        message: expect.stringContaining("empty name"),
      }),
    );
    // It is no fault where no leaf is under it.
    expect(pytree2dict(container({ "": null, x: a }))).toEqual({ x: a });
    expect(() => dict2pytree({ x: a, ".x": b })).toThrow(fails("KeyConflict", '".x"', '"x"'));
    expect(dict2pytree({ ".x": b })).toSatisfy(same(container({ x: b })));
  });

  it("two leaves with one key string: an error naming both key paths", () => {
    for (const tree of [
      { "a@b": a, a: { b } },
      { a: { b }, "a@b": a },
    ]) {
      for (const save of [pytree2dict, tree2names, flattenTemplate]) {
        expect(() => save(tree)).toThrow(
          expect.objectContaining({
            code: "DuplicateKey",
            tensor: "@a@b",
            message: expect.stringMatching(/^(?=.*\['a@b'\])(?=.*\['a'\]\['b'\])/),
          }),
        );
      }
    }
  });

  it("a dict key that is no string: written by its text, its type kept by structure metadata", () => {
    const tree = new Map<unknown, unknown>([
      [3, a],
      [true, [b]],
      [12n, new Map([[-1.5, c]])],
    ]);
    expect(Object.keys(pytree2dict(tree))).toEqual(["@3", "@true#0", "@12@-1.5"]);
    expect(saveAndLoad(tree)).toSatisfy(same(tree));
    expect(() =>
      pytree2dict(
        new Map<unknown, unknown>([
          [1, a],
          ["1", b],
        ]),
      ),
    ).toThrow(fails("DuplicateKey", "[1]", "['1']"));
  });

  it("FlattenedIndexKey and other kinds: an error that says to register the class with keys", () => {
    class Bag {
      readonly items = [a, b];
    }
    registerPytreeNode(Bag, {
      flattenWithKeys: (bag) => [bag.items.map((item, i) => [new FlattenedIndexKey(i), item])],
      unflatten: () => new Bag(),
    });
    class Strange {
      readonly item = a;
    }
    registerPytreeNode(Strange, {
      // @ts-expect-error a kind of key that nobody knows
      flattenWithKeys: (strange) => [[[Symbol("x"), strange.item]]],
      unflatten: () => new Strange(),
    });
    for (const node of [new Bag(), new Strange()]) {
      for (const save of [pytree2dict, tree2names, flattenTemplate]) {
        expect(() => save({ bags: [1, node] })).toThrow(
          fails("UnsupportedKey", "under ['bags'][1]", "register the class with flattenWithKeys"),
        );
      }
    }
  });

  it("None in a list: no leaf; a gap becomes null; trailing and lone ones are kept", () => {
    expect(pytree2dict([a, null, b])).toEqual({ "#0": a, "#2": b });
    expect(dict2pytree({ "#2": b, "#0": a })).toEqual([a, null, b]);
    expect(tree2names([a, null, b]).structure).toBeUndefined();
    expect(saveAndLoad([a, null])).toEqual([a, null]);
    expect(saveAndLoad([null])).toEqual([null]);
    expect(tree2names([null], { structure: "never" })).toMatchObject({
      leaves: [],
      structure: undefined,
    });
  });

  it("an empty dict, list, object: kept by structure metadata", () => {
    const tree = { dict: {}, list: [], object: container({}), leaf: a };
    expect(pytree2dict(tree)).toEqual({ "@leaf": a });
    expect(saveAndLoad(tree)).toSatisfy(same(tree));
    expect(dict2pytree({})).toBeNull();
  });

  it("a tree that is saved, loaded and saved again: the same names and metadata", () => {
    const tree = container({ layers: [container({ w: a, b: null }), {}], step: 3 });
    const first = tree2names(tree);
    const second = tree2names(saveAndLoad(tree));
    expect(new Set(second.leaves)).toEqual(new Set(first.leaves));
    expect(JSON.parse(second.structure!)).toEqual(JSON.parse(first.structure!));
  });

  it("a leaf and a container at one path, or two kinds of key under one node: an error naming both, in any order", () => {
    for (const pair of [
      ["a", "a.b"],
      ["a.b", "a.b#0@c"],
      ["", "a"],
      ["", "#0"],
      ["a", "@b"],
      ["a@b", "a.c"],
      ["a#0", "a@0"],
      ["#0", "@0"],
      ["x.a#0", "x.a.b.c"],
      ["a", ".a"],
    ]) {
      const [x, y] = [...pair].sort();
      const messages = [pair, [...pair].reverse()].map((names) => {
        const error = (() => {
          try {
            return dict2pytree(dictOf(names.map((name) => [name, a])));
          } catch (thrown) {
            return thrown;
          }
        })();
        expect(error).toEqual(fails("KeyConflict", JSON.stringify(x), JSON.stringify(y)));
        return (error as Error).message;
      });
      expect(messages[0]).toBe(messages[1]);
    }
  });

  it("#99999999999: an error, not a list of that length", () => {
    expect(() => dict2pytree({ "#99999999999": a })).toThrow(fails("GapLimit", "#99999999999"));
    expect(dict2pytree({ "#5": a }, { maxGaps: 5 })).toHaveLength(6);
    expect(() => dict2pytree({ "#5": a }, { maxGaps: 4 })).toThrow(fails("GapLimit"));
    // The limit counts all lists together.
    expect(() => dict2pytree({ "a#3": a, "b#3": b }, { maxGaps: 5 })).toThrow(fails("GapLimit"));
  });

  it.each(["#-1", "#x", "#01", "#"])("%s: an error, only canonical decimal indices", (name) => {
    expect(() => dict2pytree({ [name]: a })).toThrow(fails("InvalidKeyString"));
    expect(() => string2keypath(name)).toThrow(fails("InvalidKeyString"));
    // As a dict key it is written, and kept by structure metadata.
    expect(saveAndLoad({ [name]: a })).toSatisfy(same({ [name]: a }));
  });

  it("a key string __metadata__ is a name like any other here; saving refuses it", () => {
    expect(pytree2dict(container({ __metadata__: a }))).toEqual({ __metadata__: a });
    expect(keypath2string([new GetAttrKey("__metadata__")])).toBe("__metadata__");
  });
});
