import { describe, expect, it } from "vitest";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { equalData } from "../../src/tree/kinds/registered.ts";
import { registerDataclass } from "../../src/tree/kinds/registry.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { Linear, same } from "./arbitraries.ts";
import { load, nodes } from "./structure-support.ts";

describe("a class in a file", () => {
  const record = (name: string, keys: unknown, aux?: unknown) =>
    nodes([[["@", "l"]], "class", { name, keys, ...(aux === undefined ? {} : { aux }) }]);
  const keys = [
    [".", "bias"],
    [".", "weight"],
  ];
  const names = ["@l.bias", "@l.weight"];

  it("is revived by the name it was registered by, children in the file's order", () => {
    const { tree } = load(names, record("test.Linear", keys, { activation: "relu" }));
    expect(tree).toSatisfy(
      same({ l: Object.assign(new Linear(0, 0, "relu"), { bias: names[0], weight: names[1] }) }),
    );
  });

  it("loads as a PyTreeContainer with its static fields where the program does not know it", () => {
    const structure = record("who.Knows", keys, { activation: { f: "relu" }, bias: "taken" });
    const attrs = { bias: names[0], weight: names[1], activation: { f: "relu" } };
    expect(load(names, structure).tree).toSatisfy(same({ l: new PyTreeContainer(attrs) }));
    expect(load(names, structure, { attributes: "object" }).tree).toSatisfy(same({ l: attrs }));
    expect(load(names, record("who.Knows", keys, [1, 2])).tree).toSatisfy(
      same({ l: new PyTreeContainer({ bias: names[0], weight: names[1] }) }),
    );
    expect(load([], record("who.Knows", [])).tree).toSatisfy(same({ l: new PyTreeContainer() }));
  });

  it("loads as what its keys say where they are those of lists and dicts", () => {
    expect(load(["@l#2"], record("who.Knows", [["#", 2]])).tree).toEqual({ l: [null, null, "@l#2"] });
    expect(load(["@l@x"], record("who.Knows", [["@", "x"]])).tree).toEqual({ l: { x: "@l@x" } });
    const typed = {
      ...record("who.Knows", [["@", 7]]),
      leaves: {
        "@l@7": [
          ["@", "l"],
          ["@", 7],
        ],
      },
    };
    expect(load(["@l@7"], typed).tree).toEqual({ l: new Map([[7, "@l@7"]]) });
  });

  it.each([
    ["another static field", keys, { activation: "relu", forward: 1 }],
    ["no static fields", keys, undefined],
    ["a list of static fields", keys, []],
  ])("loads as a container and warns where it is registered with other fields: %s", (_, fields, aux) => {
    const { tree, warnings } = load(names, record("test.Linear", fields, aux));
    expect((tree as { l: unknown }).l).toBeInstanceOf(PyTreeContainer);
    expect(warnings).toEqual([expect.objectContaining({ code: "StructureMismatch", keyPath: "['l']" })]);
    expect(() => load(names, record("test.Linear", fields, aux), { mode: "require" })).toThrow(
      expect.objectContaining({ code: "StructureMismatch" }),
    );
  });

  it.each([
    "Object",
    "Array",
    "Function",
    "Map",
    "PyTreeContainer",
    "constructor",
    "__proto__",
    "",
    "Linear",
  ])("is never one that was not registered by that name: %j", (name) => {
    const { tree, warnings } = load(names, record(name, keys, { activation: "relu" }));
    expect(warnings).toEqual([]);
    expect((tree as { l: object }).l).toBeInstanceOf(PyTreeContainer);
  });
});

class Point {
  x: unknown = 1;
  y: unknown = 2;
  mode = "fast";
}
registerDataclass(Point, { dataFields: ["x", "y"], metaFields: ["mode"], name: "structure-classes.Point" });

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
    const { p, warnings } = load({ name: "structure-classes.Point", keys, aux: { mode: "slow" } });
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
    const { p, warnings } = load({ name: "structure-classes.Point", ...record }, tensors);
    expect(warnings).toEqual([expect.objectContaining({ code: "StructureMismatch" })]);
    expect(p).not.toBeInstanceOf(Point);
    expect(Object.values(p)).toEqual(expect.arrayContaining(tensors));
  });
});

describe("static data of classes", () => {
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
