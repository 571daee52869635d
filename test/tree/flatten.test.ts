import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  treeFlatten,
  treeFlattenWithPath,
  treeLeaves,
  treeLeavesWithPath,
  treeStructure,
} from "../../src/tree/flatten.ts";
import { DictKey, GetAttrKey, SequenceKey } from "../../src/tree/keys/keypath.ts";
import { keystr } from "../../src/tree/keys/keystr.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { registerPytreeNode } from "../../src/tree/kinds/registry.ts";
import { treeMap, treeMapWithPath } from "../../src/tree/map.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { treeUnflatten } from "../../src/tree/treedef.ts";
import { anyName, Leaf, Linear, same, Table, trees } from "./arbitraries.ts";

describe("treeFlatten and treeUnflatten", () => {
  it("are inverse", () => {
    fc.assert(
      fc.property(trees(anyName), (tree) => {
        const [leaves, def] = treeFlatten(tree);
        expect(treeUnflatten(def, leaves)).toSatisfy(same(tree));
        expect(def.numLeaves).toBe(leaves.length);
        expect(treeStructure(treeUnflatten(def, leaves)).equals(def)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("take leaves in each container's own order and leave null and undefined out", () => {
    const tree = { b: 1, a: [2, null, new PyTreeContainer({ z: 3, y: undefined })], m: new Map([[2, 4]]) };
    expect(treeLeaves(tree)).toEqual([1, 2, 3, 4]);
    expect(treeLeavesWithPath(tree).map(([path]) => keystr(path))).toEqual([
      "['b']",
      "['a'][0]",
      "['a'][2].z",
      "['m'][2]",
    ]);
    expect(treeFlattenWithPath([[7]])[0]).toEqual([[[new SequenceKey(0), new SequenceKey(0)], 7]]);
  });

  it("keep undefined and null apart, holes become undefined, null prototypes stay", () => {
    const bare = Object.assign(Object.create(null), { x: 1 });
    const [leaves, def] = treeFlatten([undefined, null, new Array(2), bare]);
    expect(treeUnflatten(def, leaves)).toSatisfy(same([undefined, null, [undefined, undefined], bare]));
  });

  it("see one leaf in two places as two leaves, and one container in two places as two containers", () => {
    const shared = [new Leaf(0)];
    const tree = { a: shared, b: shared };
    expect(treeLeaves(tree)).toEqual([shared[0], shared[0]]);
  });

  it("read getters once and leave symbols and prototypes alone", () => {
    let reads = 0;
    const tree = {
      get x() {
        return ++reads;
      },
      [Symbol("s")]: 1,
    };
    expect(treeLeaves(tree)).toEqual([1]);
  });

  it("treat objects and Maps of another realm as their own, and anything of a class as a leaf", () => {
    const foreign = runInNewContext("({ a: [1], m: new Map([['k', 2]]), t: new Float32Array(1) })");
    expect(treeLeaves(foreign)).toEqual([1, 2, foreign.t]);
    class Sub extends Map {}
    for (const leaf of [
      new Sub(),
      new Date(),
      new Set(),
      new Leaf(0),
      new Float32Array(2),
      () => 1,
      Symbol("x"),
    ]) {
      expect(treeLeaves([leaf])).toEqual([leaf]);
    }
  });

  it("stop where isLeaf says", () => {
    const tree = { a: [1, 2], b: null };
    expect(treeLeaves(tree, { isLeaf: Array.isArray })).toEqual([[1, 2]]);
    expect(treeLeaves(tree, { isLeaf: (x) => x === null })).toEqual([1, 2, null]);
  });

  it("refuse the wrong number of leaves", () => {
    const def = treeStructure([1, 2]);
    for (const leaves of [[1], [1, 2, 3], new Set([1])]) {
      expect(() => treeUnflatten(def, leaves)).toThrow(
        expect.objectContaining({ code: "StructureMismatch" }),
      );
    }
    expect(treeUnflatten(def, new Set([5, 6]))).toEqual([5, 6]);
  });

  it("refuse Map keys that are objects, naming the path", () => {
    expect(() => treeLeaves({ m: [new Map([[{}, 1]])] })).toThrow(
      expect.objectContaining({ code: "UnsupportedKey", keyPath: "['m'][0]" }),
    );
  });
});

describe("what is no pytree", () => {
  it("is said at once where flattenWithKeys gives something else", () => {
    class Wrong {}
    registerPytreeNode(Wrong, { flattenWithKeys: () => undefined as never, unflatten: () => new Wrong() });
    expect(() => treeFlatten([new Wrong()])).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/Wrong.*flattenWithKeys must return/),
        found: "undefined",
      }),
    );
  });

  it("is a leaf where a class extends Array, for it may keep more than its elements", () => {
    class Stack extends Array {}
    const stack = new Stack();
    expect(treeLeaves([stack])).toEqual([stack]);
  });

  it("is a Map with a key that no file can have", () => {
    expect(() => treeFlatten({ a: new Map([[{}, 1]]) })).toThrowError(
      /the Map at \['a'\] has a key that is Object/,
    );
  });

  it("names where a cycle closes for the first time", () => {
    const tree: { b: unknown[] } = { b: [] };
    tree.b.push(tree);
    expect(() => treeFlatten(tree)).toThrowError(/\['b'\]\[0\] is the same object as the root/);
  });
});

describe("a tree that contains itself", () => {
  it("is an error with the path, wherever the cycle starts and however long it is", () => {
    for (let lead = 0; lead < 12; lead++) {
      for (let length = 1; length < 12; length++) {
        const root: Record<string, unknown> = {};
        let at = root;
        for (let i = 0; i < lead; i++) at = at.lead = {};
        const start = at;
        for (let i = 1; i < length; i++) at = at.step = {};
        at.back = [start];
        expect(() => treeLeaves(root)).toThrow(
          expect.objectContaining({ code: "CircularTree", keyPath: expect.stringContaining("['back'][0]") }),
        );
      }
    }
  });

  it.each([
    ["treeLeaves", treeLeaves],
    ["pytree2dict", pytree2dict],
  ])("is found by %s before it is walked a thousand times", (_, walk) => {
    let reads = 0;
    const inner: Record<string, unknown> = {};
    inner.wide = new Proxy(new Array(100).fill(1), {
      get(list, key) {
        reads++;
        return Reflect.get(list, key);
      },
    });
    inner.self = [inner];
    expect(() => walk({ lead: [[inner]] })).toThrow(/the same object as \['lead'\]\[0\]\[0\]/);
    expect(reads).toBeLessThan(2_000);
  });

  it("is found at the depth limit too", () => {
    const root: Record<string, unknown> = {};
    let at = root;
    for (let i = 0; i < 800; i++) at = at.x = {};
    at.x = root;
    expect(() => treeLeaves(root)).toThrow(expect.objectContaining({ code: "CircularTree" }));
  });
});

describe("depth", () => {
  const nest = (depth: number) => {
    let tree: unknown = 1;
    for (let i = 0; i < depth; i++) tree = [tree];
    return tree;
  };

  it("is followed to a thousand levels and no further", () => {
    expect(treeLeavesWithPath(nest(1000))[0]![0]).toHaveLength(1000);
    expect(() => treeLeaves(nest(1001))).toThrow(expect.objectContaining({ code: "DepthLimit" }));
    expect(treeLeaves(nest(1500), { maxDepth: 1500 })).toEqual([1]);
    expect(() => treeLeaves(nest(3), { maxDepth: 2 })).toThrow(
      expect.objectContaining({ code: "DepthLimit", keyPath: "[0][0]" }),
    );
  });
});

describe("TreeDef", () => {
  it("is equal whatever the order of keys", () => {
    const a = treeStructure({ x: 1, y: [2, new PyTreeContainer({ p: 1, q: null })] });
    const b = treeStructure({ y: [5, new PyTreeContainer({ q: undefined, p: 7 })], x: 0 });
    expect(a.equals(b)).toBe(true);
  });

  it.each<[unknown, unknown]>([
    [{ x: 1 }, { y: 1 }],
    [{ x: 1 }, new PyTreeContainer({ x: 1 })],
    [{ x: 1 }, new Map([["x", 1]])],
    [
      { x: 1, y: null },
      { x: null, y: 1 },
    ],
    [[1], [1, 2]],
    [[1], [[1]]],
    [null, 1],
    [new Map([[1, 1]]), new Map([["1", 1]])],
    [new Linear(1, 2, "relu"), new Linear(1, 2, "tanh")],
    [new Table([[1, 1]], 0), new Table([[2, 1]], 0)],
  ])("of %s differs from that of %s", (a, b) => {
    expect(treeStructure(a).equals(treeStructure(b))).toBe(false);
    expect(treeStructure(a).equals(treeStructure(a))).toBe(true);
  });

  it("prints as JAX does", () => {
    const tree = {
      a: 1,
      "b'": [2, null],
      c: new PyTreeContainer({ w: 1 }),
      m: new Map([[3, 1]]),
      l: new Linear(1, [], "relu"),
    };
    const def = treeStructure(tree);
    expect(String(def)).toBe(
      `PyTreeDef({'a': *, "b'": [*, None], 'c': PyTreeContainer(.w: *), 'm': Map({3: *}), 'l': test.Linear(.weight: *, .bias: [])})`,
    );
    expect(def.numLeaves).toBe(5);
    expect(def.numNodes).toBe(12);
  });

  it("is one object where containers are the same, whatever their leaves, and only there", () => {
    const children = (...tree: unknown[]) => treeStructure(tree).children;
    const layer = (w: number) => ({ attention: { q: w, k: [w, null] }, w });
    const [first, second] = children(layer(1), layer(2));
    expect(second).toBe(first);
    for (const [one, other] of [
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [{ a: 1 }, Object.assign(Object.create(null), { a: 1 })],
      [{ a: 1 }, new PyTreeContainer({ a: 1 })],
      [new Map([[1, 1]]), new Map([["1", 1]])],
      [[1], [1, 2]],
      [[1], [null]],
      [[null], [undefined]],
      [{ a: [1] }, { a: [[1]] }],
    ]) {
      const [x, y] = children(one, other);
      expect(y).not.toBe(x);
    }
  });
});

describe("treeMap", () => {
  it("pairs dicts by key, never by position", () => {
    expect(treeMap((x: number, y: number) => x - y, { w: 1, b: 2 }, { b: 10, w: 20 })).toEqual({
      w: -19,
      b: -8,
    });
    const maps = [
      new Map([
        ["p", 1],
        ["q", 2],
      ]),
      new Map([
        ["q", 20],
        ["p", 10],
      ]),
    ] as const;
    expect(treeMap((x: number, y: number) => x + y, ...maps)).toEqual(
      new Map([
        ["p", 11],
        ["q", 22],
      ]),
    );
  });

  it("keeps containers, classes and static fields", () => {
    const tree = { l: new Linear(1, new PyTreeContainer({ x: 2 }), "relu"), n: null };
    expect(treeMap((x: number) => x * 2, tree)).toSatisfy(
      same({ l: new Linear(2, new PyTreeContainer({ x: 4 }), "relu"), n: null }),
    );
  });

  it("takes whatever stands in other trees where the first has a leaf", () => {
    expect(treeMap((x: number, y: number[]) => x + y.length, { a: 1 }, { a: [1, 2, 3] })).toEqual({ a: 4 });
  });

  it.each<[unknown, string]>([
    [{ a: [1, 2], b: 3 }, "['a']"],
    [{ a: [1], c: 3 }, "the root"],
    [{ a: [1] }, "the root"],
    [{ a: { 0: 1 }, b: 3 }, "['a']"],
    [{ a: 1, b: 3 }, "['a']"],
    [{ a: null, b: 3 }, "['a']"],
    [null, "the root"],
  ])("refuses %j for {a: [1], b: 2}, naming the place", (other, place) => {
    expect(() => treeMap((x: number, y: number) => x + y, { a: [1], b: 2 }, other)).toThrow(
      expect.objectContaining({
        code: "StructureMismatch",
        message: expect.stringContaining(`differ at ${place}: expected`),
      }),
    );
  });

  it("refuses another class's static data", () => {
    expect(() =>
      treeMap((x: number, y: number) => x + y, new Linear(1, 2, "a"), new Linear(1, 2, "b")),
    ).toThrow(expect.objectContaining({ code: "StructureMismatch" }));
  });

  it("gives paths under treeMapWithPath", () => {
    expect(treeMapWithPath((path, x: number) => keystr(path) + x, { a: [1] })).toEqual({ a: ["['a'][0]1"] });
    expect(treeMapWithPath((path) => path, new PyTreeContainer({ k: new Map([[1, 0]]) }))).toEqual(
      new PyTreeContainer({ k: new Map([[1, [new GetAttrKey("k"), new DictKey(1)]]]) }),
    );
  });

  it("keeps types: tuples, dicts, Maps, None, containers", () => {
    const tree = { pair: [1, "x"] as [number, string], none: null, deep: [{ y: 1 }] };
    const mapped = treeMap((x: number) => String(x), {
      pair: [1, [2]] as [number, number[]],
      none: null,
      deep: [{ y: 1 }],
    });
    expectTypeOf(mapped).toEqualTypeOf<{ pair: [string, string[]]; none: null; deep: { y: string }[] }>();
    const kept = treeMap((x: number) => x > 0, { pair: tree.pair });
    expectTypeOf(kept).toEqualTypeOf<{ pair: [boolean, string] }>();
    const map = treeMap((x: number) => [x], new Map([["k", 1]]));
    expectTypeOf(map).toEqualTypeOf<Map<string, number[]>>();
    const layer = new PyTreeContainer({ w: 1, n: { b: 2 } });
    expectTypeOf(layer.w).toEqualTypeOf<number>();
    expectTypeOf(treeMap((x: number) => String(x), layer).n.b).toEqualTypeOf<string>();
    // @ts-expect-error the function wants two trees
    expect(() => treeMap((x: number, y: number) => x + y, { a: 1 })).not.toThrow();
  });
});
