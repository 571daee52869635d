import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { likeKinds } from "../../src/tree/rekey.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import { Leaf, plainTrees } from "./arbitraries.ts";

const [a, b, c] = [new Leaf(0), new Leaf(1), new Leaf(2)];

describe("objects: 'attrs'", () => {
  it("writes plain objects as attributes, Maps as dicts still", () => {
    const tree = { layers: [{ w: a }], m: new Map([["k", b]]), e: {} };
    expect(pytree2dict(tree, { objects: "attrs" })).toEqual({ "layers#0.w": a, "m@k": b });
    const { structure } = tree2names(tree, { objects: "attrs" });
    expect(JSON.parse(structure!).nodes).toContainEqual([[[".", "e"]], "attrs"]);
  });
});

describe("like", () => {
  it("gives each key the kind that it has in the file", () => {
    const like = likeKinds(["layers#0.weight", "layers#0.bias", "layers#1.weight", "opt@mu#0"]);
    const tree = { layers: [{ weight: a, bias: b }, { weight: c }], opt: { mu: { 0: a } } };
    expect(Object.keys(pytree2dict(tree, { like }))).toEqual([
      "layers#0.weight",
      "layers#0.bias",
      "layers#1.weight",
      "opt@mu#0",
    ]);
  });

  it("gives keys that the file has not the kind of those beside them", () => {
    const like = likeKinds(["layers#0.weight"]);
    expect(
      Object.keys(pytree2dict({ layers: [{ weight: a, extra: b }, { weight: c }], step: a }, { like })),
    ).toEqual(["layers#0.weight", "layers#0.extra", "layers#1@weight", "step"]);
  });

  it("leaves a key that is no index as it is where the file has a list, which saving refuses", () => {
    const like = likeKinds(["#0"]);
    const tree = { 0: a, x: b };
    expect(Object.keys(pytree2dict(tree, { like }))).toEqual(["#0", "@x"]);
    expect(() => tree2names(tree, { like })).toThrow(expect.objectContaining({ code: "KeyConflict" }));
  });

  it("takes any tree of plain objects back to the names of the file that it came from", () => {
    fc.assert(
      fc.property(plainTrees, (tree) => {
        const names = Object.keys(pytree2dict(tree)).sort();
        const dict = pytree2dict(tree);
        const plain = dict2pytree(dict, { attributes: "object" });
        expect(Object.keys(pytree2dict(plain, { like: likeKinds(names) })).sort()).toEqual(names);
      }),
    );
  });

  it("keeps nulls, empties and scalars beside what it rewrites", () => {
    const like = likeKinds(["model.w", "model.opts@x"]);
    const tree = { model: { w: a, none: null, opts: { x: 1, y: {} } } };
    const { leaves, structure } = tree2names(tree, { like });
    const names = leaves.map(({ name }) => name);
    expect(names).toEqual(["model.w", "model.opts@x"]);
    const loaded = names2tree(names, { structure, mode: "require" }).build(
      (name) => leaves.find((one) => one.name === name)!.leaf,
    );
    expect(loaded).toEqual(
      new PyTreeContainer({ model: new PyTreeContainer({ w: a, none: null, opts: { x: 1, y: {} } }) }),
    );
  });

  it("turns a dict of indices into a list with its gaps", () => {
    const like = likeKinds(["#0", "#1"]);
    const { leaves, structure } = tree2names({ 0: a, 2: b, 3: null }, { like });
    const names = leaves.map(({ name }) => name);
    expect(
      names2tree(names, { structure }).build((name) => leaves.find((one) => one.name === name)!.leaf),
    ).toEqual([a, null, b, null]);
  });
});
