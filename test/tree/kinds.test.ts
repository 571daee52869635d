import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { treeStructure } from "../../src/tree/flatten.ts";
import { SequenceKey } from "../../src/tree/keys/keypath.ts";
import { KINDS, type Kind } from "../../src/tree/kinds/kind.ts";
import { recognised } from "../../src/tree/kinds/registry.ts";
import { treeMap } from "../../src/tree/map.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { flattenTemplate } from "../../src/tree/template.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import { Leaf, same } from "./arbitraries.ts";

// What a file of its own in kinds/ would be.
const set: Kind = {
  name: "set",
  mark: "#",
  recognises: (prototype) => prototype === Set.prototype,
  open: (value) => [{ kind: set, keys: undefined, data: undefined }, [...(value as Set<unknown>)]],
  entry: (_, i) => new SequenceKey(i),
  make: (_, children) => new Set(children),
  spell: (_, children) => `Set(${children.join(", ")})`,
  pair: () => "same",
  write({ children }, entries, writer) {
    for (let i = 0; i < children.length; i++) writer.child(entries[i]!, children[i]!);
    writer.record("set", children.length);
  },
  read: (extra) => ({ kind: set, mark: "#", data: extra }),
  settle: (branch) => {
    branch.length = branch.record!.data as number;
  },
  build: (branch, maker) => new Set([...branch.children()].map(({ twig }) => maker.make(twig))),
};

describe("a sixth kind of container", () => {
  const kinds = KINDS as Kind[];
  beforeAll(() => {
    kinds.push(set);
    recognised.delete(Set.prototype);
  });
  afterAll(() => {
    kinds.splice(kinds.indexOf(set), 1);
    recognised.delete(Set.prototype);
  });
  const [a, b] = [new Leaf(0), new Leaf(1)];
  const tree = { s: new Set<unknown>([a, { w: b }, null]), l: [new Set()] };

  it("needs nothing but its entry in the table", () => {
    expect(pytree2dict(tree)).toEqual({ "@s#0": a, "@s#1@w": b });
    expect(String(treeStructure(tree))).toBe("PyTreeDef({'s': Set(*, {'w': *}, None), 'l': [Set()]})");
    expect(
      treeStructure(tree).equals(treeStructure({ l: [new Set()], s: new Set([1, { w: 1 }, null]) })),
    ).toBe(true);
    expect(
      treeMap((leaf: Leaf, n: number) => leaf.id + n, tree, { ...tree, s: new Set([5, { w: 6 }, null]) }),
    ).toSatisfy(same({ s: new Set([5, { w: 7 }, null]), l: [new Set()] }));
    expect(flattenTemplate(tree).rebuild([1, 2])).toSatisfy(
      same({ s: new Set([1, { w: 2 }, null]), l: [new Set()] }),
    );
    const { leaves, structure } = tree2names(tree);
    expect(JSON.parse(structure!).nodes).toContainEqual([[["@", "s"]], "set", 3]);
    expect(names2tree(leaves, { structure, mode: "require" }).build(({ leaf }) => leaf)).toSatisfy(
      same(tree),
    );
  });
});
