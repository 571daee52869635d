import { describe, expect, it } from "vitest";
import { dict2pytree, pytree2dict, setWeights, Tensor, treeMap } from "../../src/index.node.ts";

/*
 * How often a tree is looked at, counted by a Proxy around each of its containers: work that is linear looks as often
 * at each leaf however many there are.
 */
let visits = 0;

function counted<T extends object>(container: T): T {
  return new Proxy(container, {
    get(target, key, receiver) {
      visits++;
      return Reflect.get(target, key, receiver);
    },
    getOwnPropertyDescriptor(target, key) {
      visits++;
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
  });
}

const leaf = Tensor.from([1]);

/** Layers of two leaves each. */
function tree(layers: number) {
  return counted({
    layers: counted(Array.from({ length: layers }, () => counted({ w: leaf, b: leaf }))),
  });
}

function visitsOf(work: () => unknown): number {
  visits = 0;
  work();
  return visits;
}

describe("the work on trees", () => {
  it.each<[string, (layers: number) => number]>([
    ["pytree2dict", (layers) => visitsOf(() => pytree2dict(tree(layers)))],
    ["treeMap", (layers) => visitsOf(() => treeMap((x) => x, tree(layers)))],
    [
      "dict2pytree",
      (layers) => {
        const dict = counted(pytree2dict(tree(layers)));
        return visitsOf(() => dict2pytree(dict));
      },
    ],
    [
      "setWeights",
      (layers) => {
        const template = tree(layers);
        const dict = counted(pytree2dict(tree(layers)) as Record<string, Tensor>);
        return visitsOf(() => setWeights(template, dict));
      },
    ],
  ])("of %s grows as they do, and looks at each leaf a few times", (_, count) => {
    const small = count(100);
    const large = count(10_000);
    expect(small).toBeGreaterThan(0);
    expect(large).toBeLessThanOrEqual(100 * small);
    expect(large / 20_000).toBeLessThanOrEqual(8);
  });
});
