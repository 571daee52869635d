import { load } from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { headerLength } from "../../src/format/header/header.ts";
import { JsonCursor } from "../../src/format/header/json.ts";
import { KeySet } from "../../src/format/header/keyset.ts";
import { planLayout } from "../../src/format/layout/layout.ts";
import { planReads } from "../../src/format/read-plan.ts";
import { parseSize } from "../../src/format/shards.ts";
import { planSlice } from "../../src/format/slice.ts";
import { encodeUtf8 } from "../../src/format/utf8.ts";
import { dict2pytree } from "../../src/tree/dict2pytree.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { equalData } from "../../src/tree/kinds/registered.ts";
import { registerDataclass } from "../../src/tree/kinds/registry.ts";
import { names2tree } from "../../src/tree/names2tree.ts";
import { pytree2dict } from "../../src/tree/pytree2dict.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import { fileWithHeader } from "./files.ts";

// What mutation testing found no test for.
describe("tensors of no bytes at one offset", () => {
  it("keep the header's order among themselves, wherever they stand in it", () => {
    const entry = (name: string, begin: number, end: number) =>
      `"${name}":{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
    const empty = Array.from({ length: 40 }, (_, i) => entry(`e${(i * 17) % 40}`, 2, 2));
    const header = `{${[entry("last", 2, 4), ...empty, entry("first", 0, 2)].join(",")}}`;
    const names = Object.keys(load(fileWithHeader(header, 4)));
    expect(names).toEqual(["first", ...Array.from({ length: 40 }, (_, i) => `e${(i * 17) % 40}`), "last"]);
  });
});

describe("a group of reads", () => {
  it("may be as large far into the file as at its start", () => {
    for (const at of [0, 1_000_000]) {
      const ranges = [0, 40, 80].map((start) => ({ start: at + start, end: at + start + 40 }));
      const groups = planReads(ranges, { maxGap: 0, maxGroup: 100 });
      expect(groups.map(({ members }) => members)).toEqual([[0, 1], [2]]);
    }
  });
});

describe("names of one length and one hash", () => {
  it("are two names", () => {
    const names = collidingNames();
    expect(names).toHaveLength(2);
    const cursor = new JsonCursor(encodeUtf8(names.map((name) => `"${name}"`).join(" ")));
    const set = new KeySet(cursor.bytes);
    const hashes = names.map(() => {
      cursor.string();
      expect(cursor.isIn(set)).toBe(false);
      return cursor.hash;
    });
    expect(hashes[0]).toBe(hashes[1]);
    expect(names.map((name) => set.find(name, hashes[0]!))).toEqual([0, 1]);
  });
});

/** Two names of eight characters with one hash: among a few hundred thousand there are some. */
function collidingNames(): string[] {
  const first = new Map<number, string>();
  for (let i = 0; i < 1_000_000; i++) {
    const name = Math.imul(i, 0x9e3779b1).toString(36).padStart(8, "_").slice(-8);
    const cursor = new JsonCursor(encodeUtf8(`"${name}"`));
    cursor.string();
    const other = first.get(cursor.hash);
    if (other !== undefined && other !== name) return [other, name];
    first.set(cursor.hash, name);
  }
  return [];
}

describe("two entries of one name", () => {
  it("are found when their dtypes keep them apart", () => {
    const entry = (name: string, dtype: "F32" | "U8") => ({ name, dtype, shape: [] });
    const entries = [entry("a", "F32"), entry("b", "F32"), entry("a", "U8"), entry("c", "U8")];
    expect(() => planLayout(entries)).toThrow(expect.objectContaining({ code: "DuplicateKey", tensor: "a" }));
  });
});

describe("sizes and slices in words", () => {
  it("are read as a whole or not at all", () => {
    expect(parseSize("1.25 GB")).toBe(1_250_000_000);
    expect(planSlice("U8", [20], "10:12").shape).toEqual([2]);
    for (const slice of ["x1", "1x", "0:1x", "x0:1", "[0", "0]", "1:2:3:4"]) {
      expect(() => planSlice("U8", [20], slice)).toThrow(expect.objectContaining({ code: "InvalidSlice" }));
    }
  });
});

describe("the length of a header", () => {
  const prefix = (length: bigint) => new Uint8Array(new BigUint64Array([length]).buffer);

  it.each([
    [new Uint8Array(3), 3, { expected: "at least 8 bytes", found: "3 bytes" }],
    [prefix(1n), 4, { expected: "at least 8 bytes", found: "4 bytes" }],
    [prefix(100_000_001n), 2 ** 40, { expected: "at most 100000000 bytes", found: "100000001 bytes" }],
    [prefix(20n), 10, { expected: "20 bytes", found: "2 bytes" }],
  ])("says what it expected and what it found: %#", (bytes, fileSize, fields) => {
    expect(() => headerLength(bytes, fileSize)).toThrow(expect.objectContaining(fields));
  });
});

class Point {
  x: unknown = 1;
  y: unknown = 2;
  mode = "fast";
}
registerDataclass(Point, { dataFields: ["x", "y"], metaFields: ["mode"], name: "survivors.Point" });

describe("a class as a file describes it", () => {
  const names = ["@p.x", "@p.y"];
  const load = (record: object, tensors = names) => {
    const warnings: unknown[] = [];
    const structure = JSON.stringify({ version: 1, nodes: [[[["@", "p"]], "class", record]], leaves: {} });
    const plan = names2tree(tensors, { structure, onWarning: (error) => warnings.push(error) });
    return { p: (plan.build((name) => name) as { p: Record<string, unknown> }).p, warnings };
  };
  const keys = [
    [".", "x"],
    [".", "y"],
  ];

  it("comes back with fields that can be changed and removed", () => {
    const { p, warnings } = load({ name: "survivors.Point", keys, aux: { mode: "slow" } });
    expect(warnings).toEqual([]);
    expect(p).toBeInstanceOf(Point);
    expect({ ...p }).toEqual({ x: "@p.x", y: "@p.y", mode: "slow" });
    p.x = 3;
    expect(p.x).toBe(3);
    expect(delete p.y).toBe(true);
  });

  it.each([
    ["static data that are no dict", { keys, aux: 1 }, names],
    ["static data that are null", { keys, aux: null }, names],
    ["static data in a list", { keys, aux: ["mode"] }, names],
    ["a static field of a name that the class has not", { keys, aux: { mode: "a", extra: 1 } }, names],
    [
      "a child under the name of a static field",
      { keys: [...keys, [".", "mode"]], aux: {} },
      [...names, "@p.mode"],
    ],
    [
      "a child that the class has not",
      {
        keys: [
          [".", "x"],
          [".", "z"],
        ],
        aux: {},
      },
      ["@p.x", "@p.z"],
    ],
    ["a child less", { keys: [[".", "x"]], aux: {} }, ["@p.x"]],
    [
      "children under the keys of a dict",
      {
        keys: [
          ["@", "x"],
          ["@", "y"],
        ],
        aux: {},
      },
      ["@p@x", "@p@y"],
    ],
  ])("is not made where it has %s", (_, record, tensors) => {
    const { p, warnings } = load({ name: "survivors.Point", ...record }, tensors);
    expect(warnings).toEqual([expect.objectContaining({ code: "StructureMismatch" })]);
    expect(p).not.toBeInstanceOf(Point);
    expect(Object.values(p)).toEqual(expect.arrayContaining(tensors));
  });
});

describe("static data", () => {
  it.each([
    [1, 1],
    [Number.NaN, Number.NaN],
    [
      [1, [2]],
      [1, [2]],
    ],
    [
      { a: 1, b: [{}] },
      { b: [{}], a: 1 },
    ],
    [Object.create(null), Object.create(null)],
  ])("are equal: %j and %j", (a, b) => expect(equalData(a, b)).toBe(true));

  it.each([
    [1, "1"],
    [null, {}],
    [{}, null],
    [[], null],
    [{}, []],
    [[], {}],
    [[1], [1, 2]],
    [
      [1, 2],
      [1, 3],
    ],
    [
      [1, 2],
      [3, 2],
    ],
    [{ a: 1 }, { a: 1, b: 2 }],
    [
      { a: 1, b: 2 },
      { a: 1, c: 2 },
    ],
    [
      { a: 1, b: 2 },
      { a: 1, b: 3 },
    ],
    [
      { a: 1, b: 2 },
      { a: 0, b: 2 },
    ],
    [{ constructor: 1 }, {}],
    [{}, Object.create(null)],
    [new Date(0), new Date(0)],
  ])("differ: %j and %j", (a, b) => expect(equalData(a, b)).toBe(false));
});

describe("limits of trees", () => {
  it("hold for every key style, and what is at a limit is within it", () => {
    const tooDeep = expect.objectContaining({ code: "DepthLimit" });
    expect(dict2pytree({ "a.b": 1 }, { keys: "dotted", maxDepth: 2 })).toEqual({ a: { b: 1 } });
    expect(() => dict2pytree({ "a.b.c": 1 }, { keys: "dotted", maxDepth: 2 })).toThrow(tooDeep);
    expect(dict2pytree({ "@a@b@c": 1 }, { maxContainers: 2 })).toEqual({ a: { b: { c: 1 } } });
    expect(() => dict2pytree({ "@a@b@c": 1 }, { maxContainers: 1 })).toThrow(tooDeep);
  });
});

describe("structure metadata", () => {
  it("are the same whatever the order of odd keys", () => {
    const save = (tree: object) => tree2names(tree).structure;
    expect(save({ "a.b": 1n, "c#": 2n })).toBe(save({ "c#": 2n, "a.b": 1n }));
  });

  it("are not believed about a scalar under another kind of key", () => {
    const structure = JSON.stringify({ version: 1, nodes: [[[["@", "a"]], "number"]], leaves: {} });
    expect(() => names2tree(["a"], { structure, mode: "require" })).toThrow(
      expect.objectContaining({ code: "StructureMismatch" }),
    );
  });
});

describe("an attribute of the empty name", () => {
  it("is no fault where no leaf is under it", () => {
    expect(pytree2dict(new PyTreeContainer({ "": null, a: 1 }))).toEqual({ a: 1 });
    expect(() => pytree2dict(new PyTreeContainer({ "": 1 }))).toThrow(
      expect.objectContaining({ code: "UnsupportedKey", keyPath: "." }),
    );
  });
});
