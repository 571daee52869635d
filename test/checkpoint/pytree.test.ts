import { readdir } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import {
  DictKey,
  dict2pytree,
  GetAttrKey,
  type LazyTensor,
  load,
  loadFile,
  loadPytree,
  openSafetensors,
  type PyTree,
  PyTreeContainer,
  pytree2dict,
  registerDataclass,
  registerPytreeNode,
  type SavePytreeOptions,
  save,
  savePytree,
  serialize,
  Tensor,
} from "../../src/index.node.ts";
import { bytesOf, ownFolder, w } from "./files.ts";

const at = ownFolder();

class Linear {
  weight: Tensor;
  activation: string;
  constructor(weight: Tensor, activation: string) {
    this.weight = weight;
    this.activation = activation;
  }
}
registerDataclass(Linear, { metaFields: ["activation"], name: "checkpoint.Linear" });

class Anonymous {
  value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}
registerPytreeNode(Anonymous, {
  flattenWithKeys: (node) => [[[new GetAttrKey("value"), node.value]]],
  unflatten: (_, [value]) => new Anonymous(value),
});

/** What a tree is after a trip through a file. */
async function trip(tree: unknown, options: Parameters<typeof savePytree>[2] = {}): Promise<unknown> {
  return loadPytree(await (await serialize(tree, options)).blob(), { structure: "auto" });
}

describe("savePytree and loadPytree", () => {
  const trees: [string, unknown][] = [
    ["lists in dicts in lists", [{ a: [w(), { b: w() }] }]],
    ["a bare tensor", w()],
    ["a null in a list", [w(), null, w()]],
    ["nulls at the end of a list", [w(), null, null]],
    ["a list of nothing but nulls", { a: [null, null] }],
    ["a null in a dict", { a: w(), ema: null }],
    ["empty containers", { a: [], b: {}, c: new PyTreeContainer(), d: new Map() }],
    ["an empty list as the root", []],
    ["null as the root", null],
    [
      "numbers, bigints and booleans",
      { a: 1.5, b: -0, c: Number.NaN, d: 5n, e: 2n ** 63n, f: -(2n ** 63n), g: true },
    ],
    ["strings", { optimizer: "adam", notes: ["a", "\ud800 lone", ""] }],
    ["a bare string", "text"],
    [
      "a Map with keys of several types",
      new Map<unknown, unknown>([
        [1, w()],
        ["1a", w()],
        [2n, null],
        [true, "x"],
      ]),
    ],
    ["attribute nodes", new PyTreeContainer({ layers: [new PyTreeContainer({ w: w() })] })],
    ["names with separators", { "a.b": w(), "c@d#0": { "": w() } }],
    ["a registered class with static fields", { layers: [new Linear(w(), "relu")] }],
    ["every kind at once", [{ m: new Map([[7, [null, new Linear(w(), "tanh")]]]), n: 3, s: "x", e: [{}] }]],
  ];
  it.each(trees)("bring back %s", async (_, tree) => {
    expect(await trip(tree)).toStrictEqual(tree);
  });

  it("bring back names that objects inherit, as own properties", async () => {
    const tree = { ["__proto__"]: w(), constructor: w(), toString: { valueOf: w(), ema: null } };
    // vitest takes an own `constructor` for the class of the object.
    expect(isDeepStrictEqual(await trip(tree), tree)).toBe(true);
  });

  it("bring a class without a name back as a PyTreeContainer", async () => {
    expect(await trip(new Anonymous(w()))).toStrictEqual(new PyTreeContainer({ value: w() }));
  });

  it("keep every dtype to the bit", async () => {
    const tree = {
      bf16: Tensor.from([1, Number.NaN, -0], { dtype: "BF16" }),
      f4: new Tensor("F4", [4], Uint8Array.of(0x12, 0xf0)),
      f6: new Tensor("F6_E2M3", [4], Uint8Array.of(1, 2, 3)),
      c64: Tensor.from(new Float32Array([1, 2]), { dtype: "C64", shape: [1] }),
      empty: new Tensor("I16", [0, 3], new Int16Array(0)),
    };
    expect(await trip(tree)).toStrictEqual(tree);
  });

  it("give a typed array back as its 1-d tensor", async () => {
    expect(await trip({ a: new Float32Array([1, 2]) })).toStrictEqual({ a: Tensor.from([1, 2]) });
  });

  it("write no structure metadata for a tree that key strings carry whole", async () => {
    const bytes = await (await serialize({ b: [w(), null, w()], a: new PyTreeContainer({ x: w() }) })).blob();
    expect((await openSafetensors(bytes)).metadata).toEqual({});
  });

  it("save, load and save again to the same bytes", async () => {
    const bytes = async (tree: unknown) =>
      Buffer.from(await (await (await serialize(tree)).blob()).arrayBuffer());
    const tree = new PyTreeContainer({ a: [w(), null, { "x.y": 1 }], m: new Map([[1, "s"]]) });
    const first = await bytes(tree);
    expect((await bytes(await loadPytree(first))).equals(first)).toBe(true);
  });

  it("give the same bytes whatever the order of a dict's keys", async () => {
    const bytes = async (tree: unknown) =>
      Buffer.from(await (await (await serialize(tree)).blob()).arrayBuffer());
    for (const [tree, sorted] of [
      [
        { z: 1, a: 2 },
        { a: 2, z: 1 },
      ],
      [
        { "z.z": w(), "a.a": w() },
        { "a.a": w(), "z.z": w() },
      ],
      [[{ b: null, a: [w(), null] }], [{ a: [w(), null], b: null }]],
    ]) {
      const first = await bytes(tree);
      expect((await bytes(sorted)).equals(first)).toBe(true);
      expect((await bytes(await loadPytree(first))).equals(first)).toBe(true);
    }
  });

  it("carry the user's metadata beside the structure", async () => {
    await savePytree({ a: null }, at("meta.safetensors"), { metadata: { epoch: "3" } });
    const { tree, metadata } = await loadPytree(at("meta.safetensors"), { withMetadata: true });
    expect(tree).toEqual({ a: null });
    expect(metadata).toEqual({ epoch: "3" });
    await expect(savePytree({}, at("x"), { metadata: { pytree2safetensors: "" } })).rejects.toMatchObject({
      code: "InvalidMetadata",
    });
  });

  it('build from key strings alone under { structure: "ignore" }, and demand structure under "require"', async () => {
    const bytes = await (await serialize({ a: [w(), null], n: 1 })).blob();
    expect(await loadPytree(bytes, { structure: "ignore" })).toEqual({
      a: [w()],
      n: Tensor.from(1, { dtype: "F64" }),
    });
    expect(await loadPytree(bytes, { structure: "require" })).toEqual({ a: [w(), null], n: 1 });
    const plain = save({ "@a": w() });
    await expect(loadPytree(plain, { structure: "require" })).rejects.toMatchObject({
      code: "StructureMismatch",
    });
  });

  it("warn and follow the tensors where another tool edited the file", async () => {
    await savePytree({ a: { n: 1 }, b: null }, at("edited.safetensors"));
    const { metadata } = await openSafetensors(at("edited.safetensors"));
    const edited = new Uint8Array(save({ "@a@n": w() }, { metadata: { other: "" } }));
    const text = JSON.stringify({
      __metadata__: metadata,
      "@a@n": { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
    });
    const header = new TextEncoder().encode(text);
    const file = new Uint8Array(8 + header.length + 16);
    new DataView(file.buffer).setUint32(0, header.length, true);
    file.set(header, 8);
    file.set(edited.subarray(-16), 8 + header.length);
    const onWarning = vi.fn();
    expect(await loadPytree(file, { onWarning })).toEqual({ a: { n: w() } });
    expect(onWarning).toHaveBeenCalledOnce();
    expect(onWarning.mock.calls[0]?.[0]).toMatchObject({ code: "StructureMismatch" });
  });

  it("load attribute nodes as plain objects when asked", async () => {
    const bytes = save({ "layers#0.w": w() });
    const tree = await loadPytree(bytes, { attributes: "object" });
    expect(tree).toStrictEqual({ layers: [{ w: w() }] });
  });

  it("write plain objects as attributes, or by the kinds of an existing file", async () => {
    await savePytree({ layers: [{ w: w() }] }, at("attrs.safetensors"), { objects: "attrs" });
    expect((await openSafetensors(at("attrs.safetensors"))).names).toEqual(["layers#0.w"]);
    await savePytree({ layers: [{ w: w(), new: w() }] }, at("like.safetensors"), {
      like: await openSafetensors(at("attrs.safetensors")),
    });
    expect((await openSafetensors(at("like.safetensors"))).names.slice().sort()).toEqual([
      "layers#0.new",
      "layers#0.w",
    ]);
  });

  it.each<[string, Record<string, string> | undefined]>([
    ["no metadata", undefined],
    ["metadata", { note: "of the original" }],
  ])("have the bytes of the file that they are like: %s", async (_, metadata) => {
    const original = save({ "layers#0.w": w() }, metadata && { metadata });
    const bytesLike = async (options: Pick<SavePytreeOptions, "like" | "metadata">) => {
      const saved = await serialize({ layers: [{ w: w() }] }, options);
      return new Uint8Array(await (await saved.blob()).arrayBuffer());
    };
    expect(await bytesLike({ like: await openSafetensors(original) })).toEqual(original);
    expect(await bytesLike({ like: ["layers#0.w"], ...(metadata && { metadata }) })).toEqual(original);
  });

  it("read and write the names of other libraries", async () => {
    const dotted = save({ "layers.0.weight": w(), "layers.1.weight": w(), "head.bias": w() });
    expect(await loadPytree(dotted, { keys: "dotted" })).toEqual({
      head: { bias: w() },
      layers: [{ weight: w() }, { weight: w() }],
    });
    await savePytree({ params: { Dense_0: { kernel: w() } } }, at("flax.safetensors"), {
      keys: "slash",
      structure: "never",
    });
    expect((await openSafetensors(at("flax.safetensors"))).names).toEqual(["params/Dense_0/kernel"]);
  });
});

describe("what can't be saved", () => {
  const wrong: [string, unknown, string, string][] = [
    ["a function", { a: [() => 1] }, "UnsupportedLeaf", "['a'][0]"],
    ["an unknown object", new PyTreeContainer({ d: new Date() }), "UnsupportedLeaf", ".d"],
    ["a bigint of more than 64 bits", [2n ** 64n], "UnsupportedLeaf", "[0]"],
    ["two leaves with one key string", { "a@b": w(), a: { b: w() } }, "DuplicateKey", "['a']['b']"],
    [
      "a leaf called __metadata__",
      new PyTreeContainer({ __metadata__: w() }),
      "InvalidName",
      "the leaf at .__metadata__",
    ],
    ["more gaps in lists than loading takes", [...new Array(1_000_001), w()], "GapLimit", "maxGaps"],
    ["a name with a lone surrogate", { "\ud800": w() }, "InvalidName", "the leaf at ['\\ud800']"],
  ];
  it.each(wrong)("%s is an error that says where, before a byte is written", async (_, tree, code, where) => {
    const path = at("never-written.safetensors");
    const failure = savePytree(tree, path);
    await expect(failure).rejects.toMatchObject({ code });
    await expect(failure).rejects.toThrow(where);
    expect(await readdir(at("."))).not.toContain("never-written.safetensors");
  });

  it("a tree that contains itself is an error with the path", async () => {
    const tree: { a: unknown[] } = { a: [] };
    tree.a.push(tree);
    await expect(savePytree(tree, at("x"))).rejects.toMatchObject({ code: "CircularTree" });
  });

  it('a string under { structure: "never" } is an error', async () => {
    await expect(savePytree({ a: "x" }, at("x"), { structure: "never" })).rejects.toMatchObject({
      code: "UnsupportedLeaf",
    });
  });
});

describe("deep trees", () => {
  it("save and load beyond the limit when told", async () => {
    let tree: unknown = w();
    for (let i = 0; i < 1500; i++) tree = [tree];
    await expect(serialize(tree)).rejects.toMatchObject({ code: "DepthLimit" });
    const bytes = await (await serialize(tree, { maxDepth: 2000 })).blob();
    const loaded = await loadPytree(bytes, { maxDepth: 2000 });
    expect(JSON.stringify(loaded).slice(0, 1500)).toBe("[".repeat(1500));
  });
});

describe("types", () => {
  it("follow the value", async () => {
    const bytes = await bytesOf({ a: w() });
    expectTypeOf(await loadPytree(bytes)).toEqualTypeOf<PyTree<Tensor>>();
    expectTypeOf(await loadPytree<{ a: Tensor }>(bytes)).toEqualTypeOf<{ a: Tensor }>();
    expectTypeOf(await loadPytree(bytes, { lazy: true })).toEqualTypeOf<PyTree<LazyTensor>>();
    const { tree, metadata } = await loadPytree(bytes, { lazy: true, withMetadata: true });
    expectTypeOf(tree).toEqualTypeOf<PyTree<LazyTensor>>();
    expectTypeOf(metadata).toEqualTypeOf<Readonly<Record<string, string>>>();
    expectTypeOf((await loadPytree(bytes, { withMetadata: true })).tree).toEqualTypeOf<PyTree<Tensor>>();
    expectTypeOf(await loadFile(bytes)).toEqualTypeOf<Record<string, Tensor>>();
    expectTypeOf(load(bytes)).toEqualTypeOf<Record<string, Tensor>>();
    expectTypeOf(pytree2dict<Tensor>({ a: w() })).toEqualTypeOf<Record<string, Tensor>>();
    expect(dict2pytree({ "@a": 1 })).toEqual({ a: 1 });
    expect(new DictKey("a").key).toBe("a");
  });
});
