import { describe, expect, it } from "vitest";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";

const thrown = (code: string) =>
  expect.objectContaining({ code, message: expect.stringMatching(/^.{1,600}$/s) });

describe("names that want to be a bomb", () => {
  it.each([
    ["a million levels of attributes", "a.".repeat(1_000_000), "DepthLimit"],
    ["a million levels of dicts", "@".repeat(1_000_000), "DepthLimit"],
    ["a million levels of lists", "#0".repeat(1_000_000), "DepthLimit"],
    ["an index of a million digits", `#${"1".repeat(1_000_000)}`, "InvalidKeyString"],
    ["an index of a million zeros", `#${"0".repeat(1_000_000)}`, "InvalidKeyString"],
    ["a list of twenty million", "#20000000", "GapLimit"],
    ["the greatest index", `#${Number.MAX_SAFE_INTEGER - 1}`, "GapLimit"],
  ])("%s is an error with a short message", (_, name, code) => {
    expect(() => dict2pytree({ [name]: 1 })).toThrow(thrown(code));
    expect(() => names2tree([name])).toThrow(thrown(code));
    expect(() => names2tree([name], { structure: '{"version":1}' })).toThrow(thrown(code));
  });

  it("has a tree of a thousand levels, and of whatever a program allows", () => {
    const name = "#0".repeat(1_000);
    expect(names2tree([name]).build(() => 7)).toHaveLength(1);
    expect(() => names2tree([`${name}#0`])).toThrow(thrown("DepthLimit"));
    expect(names2tree([`${name}#0`], { maxDepth: 1_001 }).build(() => 7)).toHaveLength(1);
    expect(() => names2tree(["a.b.c"], { maxDepth: 2 })).toThrow(thrown("DepthLimit"));
  });

  it("counts the gaps of all lists together", () => {
    const names = Array.from({ length: 200 }, (_, i) => `${i}#10000`);
    expect(() => names2tree(names)).toThrow(thrown("GapLimit"));
    expect(() => names2tree(names.slice(0, 100))).not.toThrow();
    const lists = { version: 1, nodes: names.map((_, i) => [[[".", String(i)]], "list", 10_000]) };
    const warnings: unknown[] = [];
    const plan = names2tree([], {
      structure: JSON.stringify(lists),
      onWarning: (error) => warnings.push(error),
    });
    expect(plan.build(() => 0)).toBeNull();
    expect(warnings).toEqual([thrown("StructureMismatch")]);
  });

  it("finds the two names that disagree among many", () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `layers#${i}.w`);
    expect(() => names2tree([...names, "layers@x"])).toThrow(thrown("KeyConflict"));
    expect(() => names2tree(["layers#77.w.x", ...names])).toThrow(
      expect.objectContaining({
        code: "KeyConflict",
        message: expect.stringMatching(/"layers#77\.w" and "layers#77\.w\.x"/),
      }),
    );
  });

  it("tells keys apart that come unsorted, twice and between", () => {
    for (let size = 1; size < 40; size++) {
      const names = Array.from({ length: size }, (_, i) => `k${(i * 7) % size}.x`);
      if (new Set(names).size < size) continue;
      const all = [...names, ...names.map((name) => `${name.slice(0, -1)}y`).reverse()];
      const tree = names2tree(all).build((name) => name) as Record<string, Record<string, string>>;
      expect(Object.keys(tree)).toEqual(Object.keys(tree).sort());
      expect(
        Object.values(tree)
          .flatMap((node) => Object.values(node))
          .sort(),
      ).toEqual([...all].sort());
      for (const name of names) expect(() => names2tree([...all, `.${name}`])).toThrow(thrown("KeyConflict"));
    }
  });
});

describe("structure metadata that wants to be a bomb", () => {
  const deep = (open: string, close: string) => `${open.repeat(200_000)}1${close.repeat(200_000)}`;

  it.each([
    ["a deep value", `[[["@","x"]],"static",${deep("[", "]")}]`],
    ["a deep tagged value", `[[["@","x"]],"static",${deep('{"object":{"a":', "}}")}]`],
    ["a deep path", `[${deep("[", "]")},"none"]`],
    ["static data of a class without end", `[[],"class",{"name":"n","keys":[],"aux":${deep('{"a":', "}")}}]`],
  ])("is refused: %s", (_, node) => {
    const structure = `{"version":1,"nodes":[${node}]}`;
    expect(() => names2tree(["y"], { structure, mode: "require" })).toThrow(thrown("InvalidStructure"));
  });
});

describe("what nests or goes on without a bound", () => {
  const deep = (open: string, close: string, inner = "1") =>
    `${open.repeat(5_000)}${inner}${close.repeat(5_000)}`;

  it.each([
    ["the version", `{"version":${deep("[", "]")}}`],
    ["the version, of objects", `{"version":${deep('{"a":', "}")}}`],
    ["the kind of a node", `{"version":1,"nodes":[[[],${deep("[", "]")}]]}`],
    ["the nodes", `{"version":1,"nodes":${deep("[", "]")}}`],
    ["the leaves", `{"version":1,"leaves":${deep('{"a":', "}")}}`],
    ["the key style", `{"version":1,"keys":${deep("[", "]")}}`],
    ["a key", `{"version":1,"nodes":[[[["@",${deep("[", "]")}]],"none"]]}`],
    ["a number", `{"version":1,"nodes":[[[["@",{"number":${deep("[", "]")}}]],"none"]]}`],
    ["the keys of a Map", `{"version":1,"nodes":[[[],"map",${deep("[", "]")}]]}`],
    ["the name of a class", `{"version":1,"nodes":[[[],"class",{"name":${deep("[", "]")},"keys":[]}]]}`],
    ["everything", deep("[", "]")],
  ])("is structure metadata that does not fit: %s", (_, structure) => {
    expect(() => names2tree(["y"], { structure, mode: "require" })).toThrow(thrown("InvalidStructure"));
    expect(names2tree(["@y"], { structure, onWarning: () => {} }).build(() => 1)).toEqual({ y: 1 });
  });

  it.each([
    ["a quoted key", `['${"x".repeat(10_000_000)}']`],
    ["an attribute", `.${"x".repeat(10_000_000)}`],
    ["escapes", `['${"\\\\".repeat(2_000_000)}']`],
  ])("is one key in a name of megabytes in JAX's spelling: %s", (_, name) => {
    expect(names2tree([name], { keys: "keystr" }).paths()[0]).toHaveLength(1);
  });

  it.each([
    ["a key without an end", `['${"x".repeat(10_000_000)}`],
    ["a number without an end", `[${"9".repeat(10_000_000)}]`],
    ["brackets without an end", `[${"x".repeat(10_000_000)}`],
    ["a flat index without an end", `[<flat index ${"9".repeat(10_000_000)}>]`],
  ])("is an error in a name of megabytes in JAX's spelling: %s", (_, name) => {
    expect(() => names2tree([name], { keys: "keystr" })).toThrow(thrown("InvalidKeyString"));
  });
});

describe("many containers for few leaves", () => {
  const comb = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${i}${".a".repeat(500)}`, i]));

  it("is an error, for a name of a thousand characters can ask for five hundred", () => {
    expect(() => dict2pytree(comb)).toThrowError(
      expect.objectContaining({ code: "DepthLimit", message: expect.stringContaining("maxContainers") }),
    );
  });

  it("is a tree when told", () => {
    const tree = dict2pytree(comb, { maxContainers: 300_000 });
    expect(Object.keys(pytree2dict(tree))).toHaveLength(500);
  });
});
