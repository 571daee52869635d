import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Pytree2SafetensorsError } from "../../src/base/errors.ts";
import { FlattenedIndexKey, GetAttrKey, SequenceKey } from "../../src/tree/keys/keypath.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { registerDataclass, registerPytreeNode } from "../../src/tree/kinds/registry.ts";
import { type Names2TreeOptions, names2tree } from "../../src/tree/names2tree.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import { Leaf, Linear, same } from "./arbitraries.ts";

const [a, b, c] = [new Leaf(0), new Leaf(1), new Leaf(2)];

const structureOf = (tree: unknown, options = {}) =>
  JSON.parse(tree2names(tree, options).structure ?? "null") as unknown;

/** Loads names with structure metadata; each leaf is its name. */
function load(names: string[], structure: unknown, options: Names2TreeOptions<string> = {}) {
  const warnings: Pytree2SafetensorsError[] = [];
  const plan = names2tree(names, {
    structure: typeof structure === "string" ? structure : JSON.stringify(structure),
    onWarning: (error) => warnings.push(error),
    ...options,
  });
  return { tree: plan.build((name) => name), warnings };
}

const nodes = (...records: unknown[]) => ({ version: 1, nodes: records });

describe("structure metadata", () => {
  it("is sparse: a record for each node that key strings get wrong, and no other", () => {
    const tree = {
      layers: [{ w: a, b: null }, { w: b, b: c }, null],
      step: 3,
      activation: "relu",
      "odd.name": { w: a },
      empty: {},
    };
    expect(structureOf(tree)).toEqual({
      version: 1,
      // Sorted, so that equal trees give equal files.
      nodes: [
        [[["@", "activation"]], "static", "relu"],
        [[["@", "empty"]], "dict"],
        [
          [
            ["@", "layers"],
            ["#", 0],
            ["@", "b"],
          ],
          "none",
        ],
        [[["@", "layers"]], "list", 3],
        [[["@", "step"]], "number"],
      ],
      leaves: {
        "@odd.name@w": [
          ["@", "odd.name"],
          ["@", "w"],
        ],
      },
    });
  });

  it("is written where it is needed, always, or never", () => {
    expect(structureOf([a])).toBeNull();
    expect(structureOf([a], { structure: "always" })).toEqual({ version: 1, nodes: [], leaves: {} });
    expect(structureOf([a, null, {}, 1], { structure: "never" })).toBeNull();
    expect(() => tree2names([a, "x"], { structure: "never" })).toThrow(
      expect.objectContaining({ code: "UnsupportedLeaf", keyPath: "[1]" }),
    );
  });

  it("records an order only where it counts and is not the sorted one", () => {
    const tree = { w: a, b: new PyTreeContainer({ z: a, y: b }), 10: b, 9: c };
    expect(structureOf(tree)).toBeNull();
    expect(structureOf(tree, { ordered: true })).toEqual({
      version: 1,
      nodes: [
        [[["@", "b"]], "attrs", ["z", "y"]],
        [[], "dict", ["9", "10", "w", "b"]],
      ],
      leaves: {},
    });
    expect(structureOf({ a, b, "\uff5e": a, "\u{1F600}": b, 5: a }, { ordered: true })).toBeNull();
    // Engines put array indices first, up to 2^32 - 2.
    expect(structureOf({ 9: a, 10: b, 4294967294: c }, { ordered: true })).toBeNull();
    expect(structureOf({ w: a, 4294967295: b }, { ordered: true })).toMatchObject({
      nodes: [[[], "dict", ["w", "4294967295"]]],
    });
  });

  it("names a class and keeps its keys and static fields, NaN and all", () => {
    const tree = [new Linear(a, null, { rate: Number.NaN, big: 2n, number: 1, tag: { number: "x" } })];
    expect(structureOf(tree)).toEqual({
      version: 1,
      nodes: [
        [
          [
            ["#", 0],
            [".", "bias"],
          ],
          "none",
        ],
        [
          [["#", 0]],
          "class",
          {
            name: "test.Linear",
            keys: [
              [".", "weight"],
              [".", "bias"],
            ],
            aux: {
              activation: {
                rate: { number: "NaN" },
                big: { bigint: "2" },
                number: 1,
                tag: { object: { number: "x" } },
              },
            },
          },
        ],
      ],
      leaves: {},
    });
  });

  it("refuses static fields of a named class that are no JSON, naming the key path and the field", () => {
    const circular: unknown[] = [];
    circular.push(circular);
    for (const bad of [() => 1, Symbol("s"), new Date(), { deep: [undefined] }, new Map(), a, circular]) {
      expect(() => tree2names({ layer: new Linear(a, b, bad) })).toThrow(
        expect.objectContaining({
          code: "UnsupportedLeaf",
          message: expect.stringContaining("['layer'] (test.Linear).activation"),
        }),
      );
      expect(() => tree2names({ layer: new Linear(a, b, bad) }, { structure: "never" })).not.toThrow();
    }
  });

  it("loads a class without a name as a PyTreeContainer with its static fields as attributes", () => {
    class Nameless {
      weight: unknown = a;
      bias: unknown = null;
      rate = 0.5;
      activation = () => 1;
    }
    registerDataclass(Nameless, { metaFields: ["rate", "activation"] });
    const { leaves, structure } = tree2names({ layer: new Nameless() });
    expect(leaves).toEqual([{ name: "@layer.weight", leaf: a }]);
    expect(load(["@layer.weight"], structure).tree).toSatisfy(
      same({ layer: new PyTreeContainer({ weight: "@layer.weight", bias: null, rate: 0.5 }) }),
    );
  });

  it("refuses a class that gives keys of two kinds, naming both, unless told to write as Python does", () => {
    class Mixed {
      readonly a = a;
      readonly b = b;
    }
    registerPytreeNode(Mixed, {
      flattenWithKeys: (mixed) => [
        [
          [new GetAttrKey("a"), mixed.a],
          [new SequenceKey(0), mixed.b],
        ],
      ],
      unflatten: () => new Mixed(),
    });
    expect(() => tree2names([new Mixed()])).toThrow(
      expect.objectContaining({
        code: "KeyConflict",
        message: expect.stringMatching(/\[0\]\.a and \[0\]\[0\]/),
      }),
    );
    expect(tree2names([new Mixed()], { structure: "never" }).leaves.map(({ name }) => name)).toEqual([
      "#0.a",
      "#0#0",
    ]);
  });

  it("refuses a child without leaves under a key that it can't spell", () => {
    class Flat {}
    registerPytreeNode(Flat, {
      flattenWithKeys: () => [[[new FlattenedIndexKey(0), null]]],
      unflatten: () => new Flat(),
      name: "test.Flat",
    });
    expect(() => tree2names({ x: new Flat() })).toThrow(
      expect.objectContaining({ code: "UnsupportedKey", keyPath: "['x']" }),
    );
  });
});

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
});

describe("fields that this version does not know", () => {
  it("are ignored", () => {
    const { tree, warnings } = load(["@x"], { version: 1, future: { x: 1 } });
    expect([tree, warnings]).toEqual([{ x: "@x" }, []]);
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

describe("a part of a file", () => {
  const tree = {
    head: { w: a, n: null, opts: { rate: "x" } },
    body: [{ w: b, n: null, e: {} }, { w: c }, null],
    name: "model",
    layer: new Linear(a, b, "relu"),
    map: new Map<unknown, unknown>([
      [1, a],
      [2, { z: b }],
    ]),
  };
  const { leaves, structure } = tree2names(tree);
  const names = leaves.map(({ name }) => name);
  const part = (...wanted: string[]) => {
    const plan = names2tree(leaves, { structure, include: ({ name }) => wanted.includes(name) });
    expect(plan.tensors.map(({ name }) => name)).toEqual(names.filter((name) => wanted.includes(name)));
    return plan.build(({ leaf }) => leaf);
  };

  it("has the containers of its leaves and what stands beside them, and nothing of other parts", () => {
    expect(part("@head@w")).toSatisfy(same({ head: { w: a, n: null, opts: { rate: "x" } }, name: "model" }));
    expect(part("@body#1@w")).toSatisfy(same({ body: [null, { w: c }, null], name: "model" }));
    expect(part(...names)).toSatisfy(same(tree));
    expect(part()).toBeNull();
  });

  it("has a Map without the other keys, and a class that is not whole as its attributes", () => {
    expect(part("@map@2@z")).toSatisfy(same({ map: new Map([[2, { z: b }]]), name: "model" }));
    expect(part("@layer.bias")).toSatisfy(
      same({ layer: new PyTreeContainer({ bias: b, activation: "relu" }), name: "model" }),
    );
  });

  it("is built from names alone too", () => {
    const plan = names2tree(leaves, { mode: "ignore", include: ({ name }) => name === "@body#1@w" });
    expect(plan.build(({ leaf }) => leaf)).toSatisfy(same({ body: [null, { w: c }] }));
  });
});

describe("docs/format.md", () => {
  // The page's worked examples are what this package writes and reads.
  const page = readFileSync(new URL("../../docs/format.md", import.meta.url), "utf8");

  it("has the metadata of its example tree", () => {
    const [example] = page.split("**Worked example.** The tree, in JavaScript,").slice(1);
    const text = /```json\n(.*?)```/s.exec(example!)![1]!;
    const tree = {
      layers: [new Linear(a, null, "relu"), null],
      "learning.rate": b,
      step: 12,
      vocabulary: new Map([[7, c]]),
      extra: {},
    };
    const { leaves, structure } = tree2names(tree);
    expect(JSON.parse(text.replace("example.Linear", "test.Linear"))).toEqual(JSON.parse(structure!));
    const names = leaves.map(({ name }) => name);
    for (const name of names) expect(example).toContain(`\`${name}\``);
    expect(
      names2tree(names, { mode: "ignore" }).build((name) => [a, b, 12, c][names.indexOf(name)]),
    ).toSatisfy(
      same({
        layers: [new PyTreeContainer({ weight: a })],
        learning: new PyTreeContainer({ rate: b }),
        step: 12,
        vocabulary: { 7: c },
      }),
    );
  });
});
