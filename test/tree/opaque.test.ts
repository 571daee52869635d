import { describe, expect, it } from "vitest";
import { treeStructure } from "../../src/tree/flatten.ts";
import { GetAttrKey } from "../../src/tree/keys/keypath.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { OpaqueNode } from "../../src/tree/kinds/opaque.ts";
import { treeMap } from "../../src/tree/map.ts";
import { type Names2TreeOptions, names2tree } from "../../src/tree/names2tree.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import type { NamedLeaf } from "../../src/tree/walk.ts";
import { Leaf } from "./arbitraries.ts";

const [a, b] = [new Leaf(0), new Leaf(1)];

/** A file with an object of a class that nobody has registered. */
const tensors: readonly NamedLeaf[] = [
  { name: "@l#0.w", leaf: a },
  { name: "@l#1@3", leaf: b },
];
const structure = JSON.stringify({
  version: 1,
  nodes: [
    [
      [
        ["@", "l"],
        ["#", 0],
        [".", "b"],
      ],
      "none",
    ],
    [
      [
        ["@", "l"],
        ["#", 0],
      ],
      "class",
      {
        name: "who.Knows",
        keys: [
          [".", "w"],
          [".", "b"],
        ],
        aux: { rate: { number: "NaN" } },
      },
    ],
    [
      [
        ["@", "l"],
        ["#", 1],
      ],
      "class",
      { name: "who.Else", keys: [["@", 3]] },
    ],
    [
      [
        ["@", "l"],
        ["#", 2],
      ],
      "class",
      { name: "who.Empty", keys: [], aux: [1] },
    ],
  ],
  leaves: {
    "@l#1@3": [
      ["@", "l"],
      ["#", 1],
      ["@", 3],
    ],
  },
});
const load = (options: Names2TreeOptions<NamedLeaf> = {}) =>
  names2tree(tensors, { structure, mode: "require", unknownClasses: "opaque", ...options }).build(
    ({ leaf }) => leaf,
  ) as { l: OpaqueNode[] };

describe("a class that the program does not know", () => {
  it("loads as an opaque node, where that is asked for", () => {
    const [knows, other, empty] = load().l;
    expect(knows).toStrictEqual(
      new OpaqueNode(
        "who.Knows",
        [
          [new GetAttrKey("w"), a],
          [new GetAttrKey("b"), null],
        ],
        { rate: Number.NaN },
      ),
    );
    expect([other!.name, empty!.name, empty!.aux]).toEqual(["who.Else", "who.Empty", [1]]);
    expect(load({ unknownClasses: "container" }).l[0]).toBeInstanceOf(PyTreeContainer);
  });

  it("is saved again exactly as it was", () => {
    const again = tree2names(load());
    expect(again.leaves).toEqual(tensors);
    expect(JSON.parse(again.structure!)).toEqual(JSON.parse(structure));
    expect(tree2names(load()).structure).toBe(again.structure);
  });

  it("is a container to every function: leaves change, the rest stays", () => {
    const mapped = treeMap((leaf: Leaf) => leaf.id + 10, load()) as unknown as { l: OpaqueNode[] };
    expect(mapped.l[0]).toBeInstanceOf(OpaqueNode);
    expect(mapped.l[0]!.children.map(([, child]) => child)).toEqual([10, null]);
    expect(JSON.parse(tree2names(mapped).structure!).nodes).toEqual(
      expect.arrayContaining(JSON.parse(structure).nodes as unknown[]),
    );
    expect(treeStructure(load()).equals(treeStructure(mapped))).toBe(true);
    expect(treeStructure(load().l[0]).equals(treeStructure(load().l[1]))).toBe(false);
  });

  it("stays what its registered namesake is not, with the warning", () => {
    const foreign = JSON.stringify({
      version: 1,
      nodes: [[[], "class", { name: "test.Linear", keys: [[".", "w"]], aux: { other: 1 } }]],
    });
    const warnings: unknown[] = [];
    const file = [{ name: "w", leaf: a }];
    const tree = names2tree(file, {
      structure: foreign,
      unknownClasses: "opaque",
      onWarning: (error) => warnings.push(error),
    }).build(({ leaf }) => leaf);
    expect(warnings).toHaveLength(1);
    expect(JSON.parse(tree2names(tree).structure!).nodes).toEqual(JSON.parse(foreign).nodes);
  });
});
