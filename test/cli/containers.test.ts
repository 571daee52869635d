import { describe, expect, it } from "vitest";
import { keyId, makeContainer, openContainer } from "../../src/cli/trees/containers.ts";
import { mergeTrees, subtree, wrapTree } from "../../src/cli/trees/merge.ts";
import { compactLists } from "../../src/cli/trees/reindex.ts";
import {
  DictKey,
  GetAttrKey,
  OpaqueNode,
  PyTreeContainer,
  registerDataclass,
  SequenceKey,
} from "../../src/index.node.ts";

/** A class that the command line has no code for. */
class Layer {
  readonly weight: unknown;
  readonly inputs: unknown;

  constructor(weight: unknown, inputs: unknown) {
    this.weight = weight;
    this.inputs = inputs;
  }
}
registerDataclass(Layer, { dataFields: ["weight", "inputs"], name: "containers.test.Layer" });

const CONTAINERS: readonly (readonly [name: string, container: unknown])[] = [
  ["a list", [1, null, [2]]],
  ["a dict", { b: 1, a: null, 2: {} }],
  [
    "a Map",
    new Map<unknown, unknown>([
      [1, "number"],
      ["1", "text"],
    ]),
  ],
  ["attributes", new PyTreeContainer({ w: 1, b: [2] })],
  ["an object of an unknown class", new OpaqueNode("Gone", [[new DictKey("w"), 1]], { rate: 0.1 })],
  ["an object of a registered class", new Layer(1, [null, 2])],
];

describe("openContainer", () => {
  it.each(CONTAINERS)("takes %s apart and makes it again", (_, container) => {
    const { children, remake } = openContainer(container)!;
    expect(new Set(children.map(([key]) => keyId(key))).size).toBe(children.length);
    const again = remake(children.map(([, child]) => child));
    expect(again).toEqual(container);
    expect(again).not.toBe(container);
  });

  it.each([null, undefined, 1, Number.NaN, "text", true, 2n, new Date()])("finds nothing in %s", (leaf) => {
    expect(openContainer(leaf)).toBeUndefined();
  });
});

describe("makeContainer", () => {
  it.each(CONTAINERS)("makes %s whose keys are the same, in another order", (_, container) => {
    const { children } = openContainer(container)!;
    expect(makeContainer(children.toReversed(), container)).toEqual(container);
  });

  it("goes by the keys where they are others", () => {
    const layer = new Layer(1, 2);
    expect(makeContainer([[new GetAttrKey("weight"), 1]], layer)).toEqual(new PyTreeContainer({ weight: 1 }));
    expect(makeContainer([[new DictKey("w"), 1]], layer)).toEqual({ w: 1 });
    expect(makeContainer([[new SequenceKey(1), 1]], { a: 1 })).toEqual([null, 1]);
    expect(makeContainer([[new DictKey(2), 1]], new Map([[1, 1]]))).toEqual(new Map([[2, 1]]));
  });

  it("makes an own property of any key", () => {
    const made = makeContainer([[new DictKey("__proto__"), 1]]) as object;
    expect(Object.entries(made)).toEqual([["__proto__", 1]]);
  });
});

describe("trees with objects of classes", () => {
  it("are joined child by child", () => {
    const joined = mergeTrees(new Layer(1, [null, { a: 1 }]), new Layer(null, [2, { b: 3 }]));
    expect(joined).toEqual(new Layer(1, [2, { a: 1, b: 3 }]));
    expect(joined).toBeInstanceOf(Layer);
  });

  it("aren't joined with objects of another class", () => {
    expect(() => mergeTrees({ at: new Layer(1, 2) }, { at: new PyTreeContainer({ w: 1 }) })).toThrow(
      /both have \['at'\]/,
    );
  });

  it("lose the gaps of lists anywhere in them", () => {
    expect(compactLists({ layers: [null, new Layer(1, [null, 2])] })).toEqual({
      layers: [new Layer(1, [2])],
    });
  });

  it("are reached into by key paths", () => {
    const path = [new DictKey("a"), new GetAttrKey("inputs"), new SequenceKey(1)];
    expect(subtree({ a: new Layer(1, [2, 3]) }, path)).toBe(3);
    expect(subtree(wrapTree(4, path), path)).toBe(4);
  });
});
