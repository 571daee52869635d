import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPytree2SafetensorsError } from "../../src/base/errors.ts";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import { treeStructure } from "../../src/tree/flatten.ts";
import { keystr } from "../../src/tree/keys/keystr.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { type Names2TreeOptions, names2tree } from "../../src/tree/names2tree.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { type Tree2NamesOptions, tree2names } from "../../src/tree/tree2names.ts";
import type { NamedLeaf } from "../../src/tree/walk.ts";
import { anyName, Leaf, Linear, plainName, plainTrees, same, Table, trees } from "./arbitraries.ts";

/** Saves and loads a tree, as a file would: tensors sorted by name, scalars as they are. */
function roundtrip(tree: unknown, save: Tree2NamesOptions = {}, load: Names2TreeOptions<NamedLeaf> = {}) {
  const flat = flatten(tree, save);
  const sorted = [...flat.leaves].sort((a, b) => (a.name < b.name ? -1 : 1));
  const plan = names2tree(sorted, {
    structure: flat.structure,
    isScalar: ({ leaf }, kind) => typeof leaf === kind,
    onWarning: (error) => {
      throw error;
    },
    keys: save.keys ?? "pytree",
    ...load,
  });
  return { flat, plan, sorted, tree: plan.build(({ leaf }) => leaf) };
}

/** `tree2names`, where names with separators don't make two leaves' key strings one. */
function flatten(tree: unknown, options: Tree2NamesOptions) {
  try {
    return tree2names(tree, options);
  } catch (error) {
    fc.pre(!(isPytree2SafetensorsError(error) && error.code === "DuplicateKey"));
    throw error;
  }
}

describe("a tree that is saved and loaded", () => {
  it("comes back equal, whatever its names, keys, containers, scalars and classes", () => {
    fc.assert(
      fc.property(trees(anyName), (tree) => {
        expect(roundtrip(tree).tree).toSatisfy(same(tree));
      }),
      { numRuns: 2_000 },
    );
  });

  it("comes back in its own order where order counts", () => {
    fc.assert(
      fc.property(trees(plainName), (tree) => {
        const loaded = roundtrip(tree, { ordered: true }).tree;
        expect(String(treeStructure(loaded))).toBe(String(treeStructure(tree)));
      }),
      { numRuns: 1_000 },
    );
  });

  it("has no structure metadata where key strings say everything", () => {
    fc.assert(
      fc.property(plainTrees, (tree) => {
        const { flat, tree: loaded } = roundtrip(tree);
        expect(flat.structure).toBeUndefined();
        expect(loaded).toSatisfy(same(tree));
        expect(dict2pytree(pytree2dict(tree))).toSatisfy(same(tree));
      }),
      { numRuns: 1_000 },
    );
  });

  it("has the structure metadata where dict2pytree(pytree2dict(tree)) is another tree, and only there", () => {
    fc.assert(
      fc.property(trees(anyName), (tree) => {
        const { flat } = roundtrip(tree);
        const alone = attempt(() => names2tree(flat.leaves).build(({ leaf }) => leaf));
        const scalars = flat.leaves.some(({ leaf }) => typeof leaf !== "object");
        expect(flat.structure === undefined).toBe(!scalars && same(tree)(alone));
      }),
      { numRuns: 1_000 },
    );
  });

  it("has the same names under every structure option", () => {
    fc.assert(
      fc.property(plainTrees, (tree) => {
        const names = (structure: "auto" | "always" | "never") =>
          tree2names(tree, { structure }).leaves.map(({ name }) => name);
        expect(names("always")).toEqual(names("auto"));
        expect(names("never")).toEqual(names("auto"));
        expect(Object.keys(pytree2dict(tree)).sort()).toEqual(names("auto").sort());
      }),
    );
  });

  it.each(["dotted", "slash", "keystr"] as const)("comes back equal under the %s key style", (keys) => {
    fc.assert(
      fc.property(trees(anyName), (tree) => {
        expect(roundtrip(tree, { keys }).tree).toSatisfy(same(tree));
      }),
      { numRuns: 500 },
    );
  });

  it("has each leaf's path at hand", () => {
    fc.assert(
      fc.property(trees(anyName), (tree) => {
        const { flat, plan, sorted } = roundtrip(tree);
        const paths = plan.paths();
        sorted.forEach((entry, i) => {
          expect(flat.keyPathOf(entry)).toStrictEqual(paths[i]);
        });
      }),
      { numRuns: 500 },
    );
    const { leaves, keyPathOf } = tree2names(["s", new Leaf(0), "t", new Leaf(1), new Leaf(2)]);
    expect(leaves.map((leaf) => keystr(keyPathOf(leaf)))).toEqual(["[1]", "[3]", "[4]"]);
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["a bare leaf", new Leaf(0)],
    ["a bare number", 3],
    ["a bare string", "relu"],
    ["an empty dict", {}],
    ["an empty list", []],
    ["an empty container", new PyTreeContainer()],
    ["an empty Map", new Map()],
    ["a list of null alone", [null]],
    ["trailing nulls", [new Leaf(0), null, null]],
    ["a null before an empty list", [null, []]],
    ["nulls in dicts", { a: null, b: { c: null } }],
    [
      "a Map of nulls",
      new Map<unknown, unknown>([
        [1, null],
        ["1", null],
      ]),
    ],
    [
      "a Map in odd order",
      new Map([
        ["b", new Leaf(0)],
        ["a", new Leaf(1)],
      ]),
    ],
    ["an object of a class without leaves", new Linear(null, null, { deep: [Number.NaN] })],
    ["an object of a class of nulls", new Table([[Number.NaN, null]], "")],
    [
      "a leading empty attribute",
      new PyTreeContainer({ "": new PyTreeContainer({ x: new Leaf(0) }), x: new Leaf(1) }),
    ],
    ["an empty attribute alone", new PyTreeContainer({ "": new Leaf(0) })],
    ["lone surrogates where no tensor is", { "\ud800": null }],
  ])("keeps %s", (_, tree) => {
    expect(roundtrip(tree).tree).toSatisfy(same(tree));
  });

  it("has undefined as null in lists and not at all in dicts", () => {
    const [a, b] = [new Leaf(0), new Leaf(1)];
    const tree = {
      list: [undefined, a, undefined],
      gone: undefined,
      map: new Map([
        ["x", undefined],
        ["y", b],
      ]),
    };
    expect(roundtrip(tree).tree).toSatisfy(same({ list: [null, a, null], map: new Map([["y", b]]) }));
  });
});

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch {
    return new Error("no tree");
  }
}
