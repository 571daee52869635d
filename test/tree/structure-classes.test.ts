import { describe, expect, it } from "vitest";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
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
