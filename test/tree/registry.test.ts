import { describe, expect, it } from "vitest";
import { treeFlatten, treeLeaves, treeLeavesWithPath } from "../../src/tree/flatten.ts";
import { GetAttrKey, SequenceKey } from "../../src/tree/keys/keypath.ts";
import { keystr } from "../../src/tree/keys/keystr.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { registerDataclass, registerPytreeNode } from "../../src/tree/kinds/registry.ts";
import { treeUnflatten } from "../../src/tree/treedef.ts";
import { same } from "./arbitraries.ts";

const refused = (text: string, details: object = {}) =>
  expect.objectContaining({
    code: "InvalidRegistration",
    message: expect.stringContaining(text),
    ...details,
  });

describe("registerPytreeNode", () => {
  class Pair {
    readonly left: unknown;
    readonly right: unknown;
    constructor(left: unknown, right: unknown) {
      this.left = left;
      this.right = right;
    }
  }
  const pair = {
    flattenWithKeys: (p: Pair) =>
      [
        [
          [new SequenceKey(0), p.left],
          [new SequenceKey(1), p.right],
        ] as const,
        "aux",
      ] as const,
    unflatten: (aux: unknown, [left, right]: readonly unknown[]) => {
      expect(aux).toBe("aux");
      return new Pair(left, right);
    },
    name: "test.Pair",
  };

  it("makes instances of the very class containers, not of its subclasses", () => {
    expect(treeLeaves([new Pair(1, 2)])).toHaveLength(1);
    registerPytreeNode(Pair, pair);
    const [leaves, def] = treeFlatten(new Pair(1, [2, 3]));
    expect(leaves).toEqual([1, 2, 3]);
    expect(treeUnflatten(def, leaves)).toSatisfy(same(new Pair(1, [2, 3])));
    class Sub extends Pair {}
    expect(treeLeaves(new Sub(1, 2))).toHaveLength(1);
  });

  it("refuses a class twice, a name twice, a name that is empty", () => {
    expect(() => registerPytreeNode(Pair, pair)).toThrow(refused("Pair is registered already"));
    class Other extends Pair {}
    expect(() => registerPytreeNode(Other, pair)).toThrow(refused('"test.Pair" is taken'));
    expect(() => registerPytreeNode(Other, { ...pair, name: "" })).toThrow(refused("not empty"));
    expect(() => registerDataclass(Other, { name: "test.Pair" })).toThrow(refused("taken"));
  });

  it("refuses what is no class, no function, or a container already", () => {
    // @ts-expect-error no class
    expect(() => registerPytreeNode({}, pair)).toThrow(refused("expected a class"));
    // @ts-expect-error no class
    expect(() => registerPytreeNode(undefined, pair)).toThrow(refused("expected a class"));
    class Half {}
    // @ts-expect-error no unflatten
    expect(() => registerPytreeNode(Half, { flattenWithKeys: () => [[]] })).toThrow(
      refused("must be functions", { expected: "functions", found: "a plain object" }),
    );
    for (const Class of [Object, Array, Map, PyTreeContainer]) {
      expect(() => registerDataclass(Class as new () => object)).toThrow(refused("container already"));
    }
  });

  it("refuses a key that is given twice", () => {
    class Twice {}
    registerPytreeNode(Twice, {
      flattenWithKeys: () => [
        [
          [new GetAttrKey("a"), 1],
          [new GetAttrKey("a"), 2],
        ],
      ],
      unflatten: () => new Twice(),
    });
    expect(() => treeLeaves({ x: new Twice() })).toThrow(
      expect.objectContaining({ code: "DuplicateKey", keyPath: "['x'].a" }),
    );
  });
});

describe("registerDataclass", () => {
  it("takes all own enumerable properties but the static ones", () => {
    class Any {
      b = 1;
      a = [2];
      mode = "train";
      #hidden = 3;
      get hidden() {
        return this.#hidden;
      }
    }
    registerDataclass(Any, { metaFields: ["mode"] });
    const [leaves, def] = treeFlatten(new Any());
    expect(leaves).toEqual([1, 2]);
    const copy = treeUnflatten<Any>(def, [5, 6]);
    expect(copy).toBeInstanceOf(Any);
    expect({ ...copy }).toEqual({ b: 5, a: [6], mode: "train" });
  });

  it("takes the named properties in the named order, and runs no constructor and no setter", () => {
    let ran = 0;
    class Point {
      x = 1;
      y = 2;
      other = 3;
      constructor() {
        ran++;
      }
      set z(_: unknown) {
        ran++;
      }
    }
    registerDataclass(Point, { dataFields: ["y", "x"] });
    const tree = new Point();
    ran = 0;
    expect(treeLeavesWithPath(tree).map(([path, leaf]) => keystr(path) + leaf)).toEqual([".y2", ".x1"]);
    const [leaves, def] = treeFlatten(tree);
    expect({ ...treeUnflatten<Point>(def, leaves) }).toEqual({ y: 2, x: 1 });
    expect(ran).toBe(0);
  });

  it("refuses a field that is both", () => {
    class Both {
      x = 1;
    }
    expect(() => registerDataclass(Both, { dataFields: ["x"], metaFields: ["x"] })).toThrow(
      refused('"x" is both'),
    );
  });
});

describe("PyTreeContainer", () => {
  it("has its attributes as own properties, whatever their names", () => {
    const attrs = JSON.parse('{"__proto__":1,"constructor":2,"toString":3,"w":4}');
    const container = new PyTreeContainer(attrs);
    expect(Object.keys(container)).toEqual(["__proto__", "constructor", "toString", "w"]);
    expect(Object.getPrototypeOf(container)).toBe(PyTreeContainer.prototype);
    expect(container instanceof PyTreeContainer).toBe(true);
    expect(PyTreeContainer.name).toBe("PyTreeContainer");
  });
});
