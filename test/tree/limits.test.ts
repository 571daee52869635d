import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPytree2SafetensorsError } from "../../src/base/errors.ts";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import { SequenceKey } from "../../src/tree/keys/keypath.ts";
import { registerDataclass, registerPytreeNode } from "../../src/tree/kinds/registry.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { type Tree2NamesOptions, tree2names } from "../../src/tree/tree2names.ts";
import { Leaf, Linear, same } from "./arbitraries.ts";

const leaf = new Leaf(0);
const nulls = (count: number): unknown[] => new Array(count).fill(null);
const dicts = (count: number): object[] => Array.from({ length: count }, () => ({}));

function load(tree: unknown, options: Tree2NamesOptions = {}): unknown {
  const { leaves, structure } = tree2names(tree, options);
  return names2tree(leaves, {
    structure,
    keys: options.keys ?? "pytree",
    onWarning: (error) => {
      throw error;
    },
  }).build((named) => named.leaf);
}

const refused = (code: string, keyPath: string, option: string) =>
  expect.objectContaining({ code, keyPath, message: expect.stringContaining(option) });

class Sparse {
  readonly at: number;
  constructor(at: number) {
    this.at = at;
  }
}
registerPytreeNode(Sparse, {
  flattenWithKeys: ({ at }) => [[[new SequenceKey(at), leaf]], at],
  unflatten: (at) => new Sparse(at as number),
  name: "limits.Sparse",
});

class Plain {
  x: unknown = leaf;
  rate = 1;
}
registerDataclass(Plain, { dataFields: [], metaFields: ["rate"] });

describe("saving holds the limits that loading has", () => {
  it.each<[string, (limit: number) => unknown, string]>([
    ["nulls before a leaf", (limit) => ({ l: [...nulls(limit + 1), leaf] }), "['l']"],
    ["nulls behind a leaf", (limit) => ({ l: [leaf, ...nulls(limit + 1)] }), "['l']"],
    [
      "nulls in many lists",
      (limit) => ({ a: [leaf, nulls(0.6 * limit)], b: [nulls(0.6 * limit)] }),
      "['b'][0]",
    ],
    ["a hole without end", () => ({ l: new Array(4_294_967_295) }), "['l']"],
    ["an index without end", () => [new Sparse(4_294_967_294)], "[0]"],
  ])("refuses %s, naming the key path and the option", (_, treeOf, keyPath) => {
    const limit = refused("GapLimit", keyPath, "maxGaps");
    const large = treeOf(1_000_000);
    for (const options of [{}, { maxGaps: undefined }]) {
      expect(() => tree2names(large, options)).toThrow(limit);
      expect(() => pytree2dict(large, options as object)).toThrow(limit);
    }
    const [tree, maxGaps] = [treeOf(1_000), 1_000];
    for (const options of [{}, { keys: "dotted" }, { structure: "never" }] as const) {
      expect(() => tree2names(tree, { ...options, maxGaps })).toThrow(limit);
    }
    expect(() => pytree2dict(tree, { maxGaps })).toThrow(limit);
  });

  it("refuses more containers than loading takes, and takes as many", () => {
    const tree = { e: dicts(100_000) };
    expect(() => tree2names(tree)).toThrow(refused("DepthLimit", "['e'][99999]", "maxContainers"));
    expect(tree2names(tree, { maxContainers: 100_001 }).leaves).toEqual([]);
    const most = { e: dicts(99_999) };
    expect(load(most)).toSatisfy(same(most));
    // Each leaf adds its sixteen.
    const more = { e: [leaf, ...dicts(100_015)] };
    expect(load(more)).toSatisfy(same(more));
  });

  it("refuses static fields that would stand deeper than loading goes", () => {
    let tree: unknown = new Plain();
    for (let depth = 0; depth < 1_000; depth++) tree = [tree];
    expect(() => tree2names(tree)).toThrow(expect.objectContaining({ code: "DepthLimit" }));
  });

  it("refuses numbers in the structure that loading would not read", () => {
    const huge = 10n ** 1_000n;
    expect(() => tree2names({ m: new Map([[huge, leaf]]) })).toThrow(
      expect.objectContaining({ code: "UnsupportedKey", keyPath: "['m']" }),
    );
    expect(() => tree2names({ l: new Linear(leaf, null, { n: [-huge] }) })).toThrow(
      expect.objectContaining({ code: "UnsupportedLeaf", keyPath: "['l'] (test.Linear).activation.n[0]" }),
    );
    const long = new Map([[10n ** 999n, leaf]]);
    expect(load(long)).toSatisfy(same(long));
  });

  it("so that whatever is saved under the defaults is loaded under the defaults", () => {
    const size = fc.nat({ max: 1_100_000 });
    const part = fc.oneof(
      size.map((n) => [...nulls(n), leaf]),
      size.map((n) => [leaf, ...nulls(n)]),
      size.map(nulls),
      size.map((n) => new Sparse(n)),
      fc.nat({ max: 130_000 }).map(dicts),
      fc.nat({ max: 130_000 }).map((n) => new Map(dicts(n).map((dict, i) => [i, dict]))),
      fc.nat({ max: 3_000 }).map((n) => Array.from({ length: n }, () => leaf)),
      fc.nat({ max: 1_200 }).map((n) => {
        let tree: unknown = n % 2 ? {} : leaf;
        for (let depth = 0; depth < n; depth++) tree = depth % 3 ? { k: tree } : [tree];
        return tree;
      }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 3 }), fc.constantFrom("pytree", "slash"), (tree, keys) => {
        try {
          tree2names(tree, { keys });
        } catch (error) {
          if (isPytree2SafetensorsError(error)) return;
          throw error;
        }
        expect(load(tree, { keys })).toSatisfy(same(tree));
      }),
      { numRuns: 25 },
    );
  });
});

describe("one counter of containers, however a tree is built", () => {
  const many = expect.objectContaining({
    code: expect.stringMatching(/DepthLimit|StructureMismatch/),
    message: expect.stringContaining("maxContainers"),
  });
  const combs = (join: (keys: string[]) => string) =>
    Array.from({ length: 400 }, (_, i) => join([`k${i}`, ...new Array<string>(900).fill("a")]));

  it.each([
    ["pytree", (keys: string[]) => keys.map((key) => `@${key}`).join("")],
    ["dotted", (keys: string[]) => keys.join(".")],
    ["slash", (keys: string[]) => keys.join("/")],
    ["keystr", (keys: string[]) => keys.map((key) => `['${key}']`).join("")],
  ] as const)("in names of the %s style", (keys, join) => {
    expect(() => names2tree(combs(join), { keys })).toThrow(many);
  });

  it.each<[string, (path: unknown[]) => unknown]>([
    ["containers", (path) => [path, "dict"]],
    ["nulls far below", (path) => [path, "none"]],
    ["lists", (path) => [path, "list", 0]],
  ])("in structure metadata: %s", (_, record) => {
    const nodes = Array.from({ length: 400 }, (_, i) =>
      record([["@", `k${i}`], ...new Array<unknown>(900).fill(["@", "a"])]),
    );
    const structure = JSON.stringify({ version: 1, nodes });
    expect(() => names2tree([], { structure, mode: "require" })).toThrow(many);
    expect(names2tree(["@x"], { structure }).build(() => 1)).toEqual({ x: 1 });
  });

  it("in the paths that structure metadata gives tensors", () => {
    const names = Array.from({ length: 400 }, (_, i) => `t${i}`);
    const leaves = Object.fromEntries(
      names.map((name) => [name, [["@", name], ...new Array<unknown>(900).fill(["@", "a"])]]),
    );
    const structure = JSON.stringify({ version: 1, leaves });
    expect(() => names2tree(names, { structure, mode: "require" })).toThrow(many);
  });
});

describe("limits of trees", () => {
  it("hold for every key style, and what is at a limit is within it", () => {
    const tooDeep = expect.objectContaining({ code: "DepthLimit" });
    expect(dict2pytree({ "a.b": 1 }, { keys: "dotted", maxDepth: 2 })).toEqual({ a: { b: 1 } });
    expect(() => dict2pytree({ "a.b.c": 1 }, { keys: "dotted", maxDepth: 2 })).toThrow(tooDeep);
    expect(dict2pytree({ "@a@b@c": 1 }, { maxContainers: 2 })).toEqual({ a: { b: { c: 1 } } });
    expect(() => dict2pytree({ "@a@b@c": 1 }, { maxContainers: 1 })).toThrow(tooDeep);
  });
});
