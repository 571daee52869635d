import { describe, expect, it } from "vitest";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { matchWeights, stripKinds } from "../../src/tree/match.ts";
import { flattenTemplate } from "../../src/tree/template.ts";
import { Leaf, Linear, same } from "./arbitraries.ts";

const match = (
  template: string[],
  file: string[],
  mode: "exact" | "name" = "name",
  aliases?: ReadonlyMap<string, string>,
) => {
  const named = (names: string[]) => names.map((name) => ({ name }));
  const { met, unexpected } = matchWeights(named(template), named(file), { mode, aliases });
  return {
    found: met.map((tensor) => tensor?.name ?? null),
    unexpected: unexpected.map(({ name }) => name),
  };
};

describe("stripKinds", () => {
  it.each([
    ["layers#0@w", "layers.0.w"],
    ["@layers#0@w", "layers.0.w"],
    ["#0", "0"],
    ["", ""],
    ["@", ""],
    ["a..b", "a..b"],
  ])("makes %j %j", (name, stripped) => {
    expect(stripKinds(name)).toBe(stripped);
  });
});

describe("matchWeights", () => {
  it("pairs equal key strings, and tells what is missing and unexpected", () => {
    expect(match(["a", "b"], ["b", "c"], "exact")).toEqual({ found: [null, "b"], unexpected: ["c"] });
    expect(match(["layers.0.w"], ["layers#0@w"], "exact")).toEqual({
      found: [null],
      unexpected: ["layers#0@w"],
    });
  });

  it("pairs names whatever the kinds of their keys", () => {
    expect(match(["@layers#0@w", "@x"], ["layers.0.w", "y"])).toEqual({
      found: ["layers.0.w", null],
      unexpected: ["y"],
    });
  });

  it("takes an exact match first, and then it is no candidate for others", () => {
    expect(match(["a.b", "a#b"], ["a@b", "a.b"])).toEqual({ found: ["a.b", "a@b"], unexpected: [] });
  });

  it("refuses two candidates for a leaf, naming them", () => {
    expect(() => match(["a.b"], ["a@b", "a#b"])).toThrow(
      expect.objectContaining({
        code: "AmbiguousKey",
        message: expect.stringMatching(/"a\.b".*"a@b".*"a#b"/),
      }),
    );
  });

  it("refuses two leaves for a tensor, naming them", () => {
    expect(() => match(["a.b", "a@b"], ["a#b"])).toThrow(
      expect.objectContaining({
        code: "AmbiguousKey",
        message: expect.stringMatching(/"a#b".*"a\.b".*"a@b"/),
      }),
    );
  });

  it("pairs leaves that are tied to a stored tensor through its alias", () => {
    const aliases = new Map([["head", "embed"]]);
    expect(match(["embed", "head", "x"], ["embed", "y"], "exact", aliases)).toEqual({
      found: ["embed", "embed", null],
      unexpected: ["y"],
    });
    expect(
      match(["@model@head"], ["model.embed"], "name", new Map([["model.head", "model.embed"]])).found,
    ).toEqual(["model.embed"]);
    // A tensor that the file does have goes before an alias of that name.
    expect(match(["head"], ["head", "embed"], "exact", aliases).found).toEqual(["head"]);
  });

  it("pairs equal key strings in any order, also behind the file's last", () => {
    const file = ["a", "b", "c", "d"];
    expect(match(["d", "a", "x", "b", "c"], file, "exact").found).toEqual(["d", "a", null, "b", "c"]);
    expect(match(["b", "c", "a"], file, "exact")).toEqual({ found: ["b", "c", "a"], unexpected: ["d"] });
  });
});

describe("flattenTemplate", () => {
  const template = () => ({
    z: new PyTreeContainer({ w: new Leaf(1), s: "relu" }),
    l: new Linear(1, null, "tanh"),
    a: [undefined, new Map([[2, true]])],
  });

  it("names every leaf and rebuilds containers, orders, classes and static fields", () => {
    const tree = template();
    const { leaves, rebuild } = flattenTemplate(tree);
    expect(leaves.map(({ name }) => name)).toEqual(["@z.w", "@z.s", "@l.weight", "@a#1@2"]);
    const rebuilt = rebuild(leaves.map((_, i) => i));
    expect(rebuilt).toSatisfy(
      same({
        z: new PyTreeContainer({ w: 0, s: 1 }),
        l: new Linear(2, null, "tanh"),
        a: [undefined, new Map([[2, 3]])],
      }),
    );
    expect(Object.keys(rebuilt as object)).toEqual(["z", "l", "a"]);
    expect(tree).toSatisfy(same(template()));
  });

  it("asks takeLeaf before all else and carries its answer, and asks isLeaf", () => {
    const array = [1, 2];
    const tree = { x: array, y: [3], z: { k: 4 } };
    const { leaves } = flattenTemplate(tree, {
      takeLeaf: (value) => (value === array ? "taken" : undefined),
      isLeaf: (value) => typeof value === "object" && value !== null && "k" in value,
    });
    expect(leaves.map(({ name }) => name)).toEqual(["@x", "@y#0", "@z"]);
    expect(leaves[0]!.leaf).toBe("taken");
  });

  it("keeps subclasses of PyTreeContainer", () => {
    class Layer extends PyTreeContainer {}
    const tree = new Layer({ w: 1 });
    expect(flattenTemplate(tree).rebuild([2])).toBeInstanceOf(Layer);
  });
});
