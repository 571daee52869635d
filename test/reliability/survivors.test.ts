import { describe, expect, it } from "vitest";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { equalData } from "../../src/tree/kinds/registered.ts";
import { registerDataclass } from "../../src/tree/kinds/registry.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { tree2names } from "../../src/tree/tree2names.ts";

// What mutation testing found no test for.
class Point {
  x: unknown = 1;
  y: unknown = 2;
  mode = "fast";
}
registerDataclass(Point, { dataFields: ["x", "y"], metaFields: ["mode"], name: "survivors.Point" });

describe("a class as a file describes it", () => {
  const names = ["@p.x", "@p.y"];
  const load = (record: object, tensors = names) => {
    const warnings: unknown[] = [];
    const structure = JSON.stringify({ version: 1, nodes: [[[["@", "p"]], "class", record]], leaves: {} });
    const plan = names2tree(tensors, { structure, onWarning: (error) => warnings.push(error) });
    return { p: (plan.build((name) => name) as { p: Record<string, unknown> }).p, warnings };
  };
  const keys = [
    [".", "x"],
    [".", "y"],
  ];

  it("comes back with fields that can be changed and removed", () => {
    const { p, warnings } = load({ name: "survivors.Point", keys, aux: { mode: "slow" } });
    expect(warnings).toEqual([]);
    expect(p).toBeInstanceOf(Point);
    expect({ ...p }).toEqual({ x: "@p.x", y: "@p.y", mode: "slow" });
    p.x = 3;
    expect(p.x).toBe(3);
    expect(delete p.y).toBe(true);
  });

  it.each([
    ["static data that are no dict", { keys, aux: 1 }, names],
    ["static data that are null", { keys, aux: null }, names],
    ["static data in a list", { keys, aux: ["mode"] }, names],
    ["a static field of a name that the class has not", { keys, aux: { mode: "a", extra: 1 } }, names],
    [
      "a child under the name of a static field",
      { keys: [...keys, [".", "mode"]], aux: {} },
      [...names, "@p.mode"],
    ],
    [
      "a child that the class has not",
      {
        keys: [
          [".", "x"],
          [".", "z"],
        ],
        aux: {},
      },
      ["@p.x", "@p.z"],
    ],
    ["a child less", { keys: [[".", "x"]], aux: {} }, ["@p.x"]],
    [
      "children under the keys of a dict",
      {
        keys: [
          ["@", "x"],
          ["@", "y"],
        ],
        aux: {},
      },
      ["@p@x", "@p@y"],
    ],
  ])("is not made where it has %s", (_, record, tensors) => {
    const { p, warnings } = load({ name: "survivors.Point", ...record }, tensors);
    expect(warnings).toEqual([expect.objectContaining({ code: "StructureMismatch" })]);
    expect(p).not.toBeInstanceOf(Point);
    expect(Object.values(p)).toEqual(expect.arrayContaining(tensors));
  });
});

describe("static data", () => {
  it.each([
    [1, 1],
    [Number.NaN, Number.NaN],
    [
      [1, [2]],
      [1, [2]],
    ],
    [
      { a: 1, b: [{}] },
      { b: [{}], a: 1 },
    ],
    [Object.create(null), Object.create(null)],
  ])("are equal: %j and %j", (a, b) => expect(equalData(a, b)).toBe(true));

  it.each([
    [1, "1"],
    [null, {}],
    [{}, null],
    [[], null],
    [{}, []],
    [[], {}],
    [[1], [1, 2]],
    [
      [1, 2],
      [1, 3],
    ],
    [
      [1, 2],
      [3, 2],
    ],
    [{ a: 1 }, { a: 1, b: 2 }],
    [
      { a: 1, b: 2 },
      { a: 1, c: 2 },
    ],
    [
      { a: 1, b: 2 },
      { a: 1, b: 3 },
    ],
    [
      { a: 1, b: 2 },
      { a: 0, b: 2 },
    ],
    [{ constructor: 1 }, {}],
    [{}, Object.create(null)],
    [new Date(0), new Date(0)],
  ])("differ: %j and %j", (a, b) => expect(equalData(a, b)).toBe(false));
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

describe("structure metadata", () => {
  it("are the same whatever the order of odd keys", () => {
    const save = (tree: object) => tree2names(tree).structure;
    expect(save({ "a.b": 1n, "c#": 2n })).toBe(save({ "c#": 2n, "a.b": 1n }));
  });

  it("are not believed about a scalar under another kind of key", () => {
    const structure = JSON.stringify({ version: 1, nodes: [[[["@", "a"]], "number"]], leaves: {} });
    expect(() => names2tree(["a"], { structure, mode: "require" })).toThrow(
      expect.objectContaining({ code: "StructureMismatch" }),
    );
  });
});

describe("an attribute of the empty name", () => {
  it("is no fault where no leaf is under it", () => {
    expect(pytree2dict(new PyTreeContainer({ "": null, a: 1 }))).toEqual({ a: 1 });
    expect(() => pytree2dict(new PyTreeContainer({ "": 1 }))).toThrow(
      expect.objectContaining({ code: "UnsupportedKey", keyPath: "." }),
    );
  });
});
