import { describe, expect, it } from "vitest";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { same } from "./arbitraries.ts";
import { load, nodes } from "./structure-support.ts";

describe("structure metadata that can't be used", () => {
  const mismatch = (structure: unknown, names = ["@x", "@l#0", "@l#1"]) => [structure, names] as const;

  it.each([
    ["no JSON", mismatch("{"), "InvalidStructure"],
    ["an empty string", mismatch(""), "InvalidStructure"],
    ["null", mismatch("null"), "InvalidStructure"],
    ["a list", mismatch("[]"), "InvalidStructure"],
    ["no version", mismatch({}), "InvalidStructure"],
    ["an unknown version", mismatch({ version: 2 }), "InvalidStructure"],
    ["a version that is no number", mismatch({ version: { toString: 1 } }), "InvalidStructure"],
    ["nodes that are no list", mismatch({ version: 1, nodes: { length: 9 } }), "InvalidStructure"],
    ["leaves that are no object", mismatch({ version: 1, leaves: [] }), "InvalidStructure"],
    ["a node that is no list", mismatch(nodes(1)), "InvalidStructure"],
    ["a node without path", mismatch(nodes([])), "InvalidStructure"],
    ["a path that is no list", mismatch(nodes(["x", "none"])), "InvalidStructure"],
    ["an entry that is no pair", mismatch(nodes([[["@"]], "none"])), "InvalidStructure"],
    ["an unknown mark", mismatch(nodes([[["$", "x"]], "none"])), "InvalidStructure"],
    ["an index that is negative", mismatch(nodes([[["#", -1]], "none"])), "InvalidStructure"],
    ["an index that is no integer", mismatch(nodes([[["#", 1.5]], "none"])), "InvalidStructure"],
    ["an attribute that is no string", mismatch(nodes([[[".", 1]], "none"])), "InvalidStructure"],
    ["a key that is a list", mismatch(nodes([[["@", []]], "none"])), "InvalidStructure"],
    ["a key that is null", mismatch(nodes([[["@", null]], "none"])), "InvalidStructure"],
    ["a misspelled number", mismatch(nodes([[["@", { number: "1" }]], "none"])), "InvalidStructure"],
    ["a misspelled bigint", mismatch(nodes([[["@", { bigint: "0x1" }]], "none"])), "InvalidStructure"],
    [
      "a bigint without end",
      mismatch(nodes([[["@", { bigint: "9".repeat(100_000) }]], "none"])),
      "InvalidStructure",
    ],
    ["an unknown kind", mismatch(nodes([[["@", "y"]], "toString"])), "InvalidStructure"],
    ["too many items", mismatch(nodes([[["@", "y"]], "none", 1, 2])), "InvalidStructure"],
    ["a static node without value", mismatch(nodes([[["@", "y"]], "static"])), "InvalidStructure"],
    ["a negative length", mismatch(nodes([[["@", "l"]], "list", -1])), "InvalidStructure"],
    ["a list without length", mismatch(nodes([[["@", "l"]], "list"])), "InvalidStructure"],
    ["a dict's key that is no string", mismatch(nodes([[], "dict", [1]])), "InvalidStructure"],
    ["a map without keys", mismatch(nodes([[], "map"])), "InvalidStructure"],
    ["a class without name", mismatch(nodes([[], "class", {}])), "InvalidStructure"],
    ["a class without keys", mismatch(nodes([[], "class", { name: "x" }])), "InvalidStructure"],
    [
      "a class with keys of two kinds",
      mismatch(
        nodes([
          [],
          "class",
          {
            name: "x",
            keys: [
              ["@", "x"],
              ["#", 0],
            ],
          },
        ]),
      ),
      "InvalidStructure",
    ],
    [
      "a path deeper than the limit",
      mismatch(nodes([new Array(1001).fill(["#", 0]), "none"])),
      "InvalidStructure",
    ],
    ["a key style that nobody knows", mismatch({ version: 1, keys: "toString" }), "StructureMismatch"],
    [
      "a tensor that is not there",
      mismatch({ version: 1, leaves: { "@gone": [["@", "gone"]] } }),
      "StructureMismatch",
    ],
    [
      "a tensor put where another is",
      mismatch({
        version: 1,
        leaves: {
          "@x": [
            ["@", "l"],
            ["#", 0],
          ],
        },
      }),
      "StructureMismatch",
    ],
    [
      "a tensor put above others",
      mismatch({ version: 1, leaves: { "@x": [["@", "l"]] } }),
      "StructureMismatch",
    ],
    ["a tensor put at the root", mismatch({ version: 1, leaves: { "@x": [] } }), "StructureMismatch"],
    ["a null where a tensor is", mismatch(nodes([[["@", "x"]], "none"])), "StructureMismatch"],
    ["a null where a container is", mismatch(nodes([[["@", "l"]], "none"])), "StructureMismatch"],
    [
      "a null below a tensor",
      mismatch(
        nodes([
          [
            ["@", "x"],
            ["@", "y"],
          ],
          "none",
        ]),
      ),
      "StructureMismatch",
    ],
    ["a null at the root", mismatch(nodes([[], "none"])), "StructureMismatch"],
    [
      "two values at one path",
      mismatch(nodes([[["@", "y"]], "none"], [[["@", "y"]], "static", 1])),
      "StructureMismatch",
    ],
    ["a key of another kind", mismatch(nodes([[[".", "y"]], "none"])), "StructureMismatch"],
    ["a scalar without tensor", mismatch(nodes([[["@", "y"]], "number"])), "StructureMismatch"],
    ["a scalar that is a container", mismatch(nodes([[["@", "l"]], "number"])), "StructureMismatch"],
    [
      "a scalar twice",
      mismatch(nodes([[["@", "x"]], "number"], [[["@", "x"]], "bigint"])),
      "StructureMismatch",
    ],
    ["a list that is a dict", mismatch(nodes([[], "list", 5])), "StructureMismatch"],
    ["a list shorter than it is", mismatch(nodes([[["@", "l"]], "list", 1])), "StructureMismatch"],
    ["a list without end", mismatch(nodes([[["@", "l"]], "list", 2 ** 53 - 1])), "StructureMismatch"],
    ["a container that is a tensor", mismatch(nodes([[["@", "x"]], "dict"])), "StructureMismatch"],
    ["a dict that is a list", mismatch(nodes([[["@", "l"]], "dict", ["0", "1"]])), "StructureMismatch"],
    ["attributes that are a dict", mismatch(nodes([[], "attrs", ["x", "l"]])), "StructureMismatch"],
    [
      "two records of one container",
      mismatch(nodes([[], "dict", ["x", "l"]], [[], "map", ["x", "l"]])),
      "StructureMismatch",
    ],
    ["an order that lacks a key", mismatch(nodes([[], "dict", ["x"]])), "StructureMismatch"],
    ["an order with a key too many", mismatch(nodes([[], "dict", ["x", "l", "y"]])), "StructureMismatch"],
    ["an order with a key twice", mismatch(nodes([[], "dict", ["x", "x"]])), "StructureMismatch"],
    [
      "a map with keys of another type",
      mismatch(nodes([[["@", "m"]], "map", [1]]), ["@m@1"]),
      "StructureMismatch",
    ],
    [
      "a class that lacks a key",
      mismatch(nodes([[], "class", { name: "n", keys: [["@", "x"]] }])),
      "StructureMismatch",
    ],
    [
      "a class of lists that is a dict",
      mismatch(nodes([[], "class", { name: "n", keys: [["#", 0]] }])),
      "StructureMismatch",
    ],
  ] as const)("builds from the names and warns: %s", (_, [structure, names], code) => {
    const plain = names2tree([...names]).build((name) => name);
    const { tree, warnings } = load([...names], structure);
    expect(tree).toSatisfy(same(plain));
    expect(warnings).toEqual([expect.objectContaining({ code })]);
    expect(() => load([...names], structure, { mode: "require" })).toThrow(expect.objectContaining({ code }));
    expect(load([...names], structure, { mode: "ignore" })).toEqual({ tree: plain, warnings: [] });
  });

  it("is also a scalar whose tensor is another dtype or shape", () => {
    const { warnings } = load(["@x"], nodes([[["@", "x"]], "number"]), { isScalar: () => false });
    expect(warnings).toEqual([expect.objectContaining({ code: "StructureMismatch", keyPath: "['x']" })]);
  });

  it("is an error where it is required and missing, and none where it is not", () => {
    expect(() => names2tree(["x"], { mode: "require" })).toThrow(
      expect.objectContaining({ code: "StructureMismatch" }),
    );
    expect(names2tree(["@x"]).build(() => 1)).toEqual({ x: 1 });
  });

  it("does not hide that the names themselves make no tree", () => {
    expect(() => load(["a", "a.b"], nodes())).toThrow(expect.objectContaining({ code: "KeyConflict" }));
  });

  it("is not believed about a scalar under another kind of key", () => {
    const structure = JSON.stringify({ version: 1, nodes: [[[["@", "a"]], "number"]], leaves: {} });
    expect(() => names2tree(["a"], { structure, mode: "require" })).toThrow(
      expect.objectContaining({ code: "StructureMismatch" }),
    );
  });
});

describe("prototypes", () => {
  it("are out of reach of every name, path, key and value", () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const path = [
      ["@", "__proto__"],
      ["@", "polluted"],
    ];
    const { tree, warnings } = load(["@constructor@prototype@polluted"], {
      version: 1,
      nodes: [
        [path, "static", 1],
        [[["@", "x"]], "static", JSON.parse('{"__proto__":{"polluted":1}}')],
        [
          [
            ["@", "m"],
            [".", "__proto__"],
            [".", "polluted"],
          ],
          "none",
        ],
        [
          [["@", "c"]],
          "class",
          { name: "__proto__", keys: [], aux: JSON.parse('{"__proto__":{"polluted":1}}') },
        ],
      ],
    });
    expect(warnings).toEqual([]);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    const { x, m, c } = tree as Record<string, object>;
    for (const object of [tree, x, m, c] as object[]) {
      expect([Object.prototype, PyTreeContainer.prototype]).toContain(Object.getPrototypeOf(object));
    }
    expect(Object.keys(tree as object).sort()).toEqual(["__proto__", "c", "constructor", "m", "x"]);
  });
});
