import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FlattenedIndexKey, GetAttrKey, SequenceKey } from "../../src/tree/keys/keypath.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { registerDataclass, registerPytreeNode } from "../../src/tree/kinds/registry.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import { Linear, same } from "./arbitraries.ts";
import { a, b, c, load, structureOf } from "./structure-support.ts";

describe("structure metadata", () => {
  it("is the same whatever the order of odd keys", () => {
    const save = (tree: object) => tree2names(tree).structure;
    expect(save({ "a.b": 1n, "c#": 2n })).toBe(save({ "c#": 2n, "a.b": 1n }));
  });

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

describe("fields that this version does not know", () => {
  it("are ignored", () => {
    const { tree, warnings } = load(["@x"], { version: 1, future: { x: 1 } });
    expect([tree, warnings]).toEqual([{ x: "@x" }, []]);
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
