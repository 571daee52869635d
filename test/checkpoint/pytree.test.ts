import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, vi } from "vitest";
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
  saveFile,
  savePytree,
  serialize,
  Tensor,
} from "../../src/index.node.ts";
import { CountingSource } from "./counting-source.ts";

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "p2s-pytree-"));
});
afterAll(() => rm(folder, { recursive: true }));

class Linear {
  weight: Tensor;
  activation: string;
  constructor(weight: Tensor, activation: string) {
    this.weight = weight;
    this.activation = activation;
  }
}
registerDataclass(Linear, { metaFields: ["activation"], name: "test.Linear" });

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

const w = () =>
  Tensor.from([
    [1, 2],
    [3, 4],
  ]);

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
    ["a name with a lone surrogate", { "\ud800": w() }, "InvalidName", "the leaf at ['\\ud800']"],
  ];
  it.each(wrong)("%s is an error that says where, before a byte is written", async (_, tree, code, where) => {
    const path = at("never-written.safetensors");
    const failure = savePytree(tree, path);
    await expect(failure).rejects.toMatchObject({ code });
    await expect(failure).rejects.toThrow(where);
    expect(await readdir(folder)).not.toContain("never-written.safetensors");
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

describe("lazy trees", () => {
  it("read slices into memory that the caller gives, cast too", async () => {
    const tree = await loadPytree<{ a: LazyTensor }>(await bytesOf({ a: w() }), { lazy: true });
    const own = new Float32Array(2);
    const slice = await tree.a.slice("1", { into: own });
    expect([...own]).toEqual([3, 4]);
    expect(slice.data.buffer === own.buffer).toBe(true);
    const half = new Uint16Array(2);
    await tree.a.slice("0", { into: half, cast: "F16" });
    expect(Tensor.fromBytes("F16", [2], new Uint8Array(half.buffer)).toArray()).toEqual([1, 2]);
  });

  it("know dtype and shape at once, and read what is asked for", async () => {
    const source = new CountingSource(
      await bytesOf({ big: new Float32Array(100_000), layers: [{ w: w() }], step: 3 }),
    );
    const tree = await loadPytree<{ big: LazyTensor; layers: { w: LazyTensor }[]; step: number }>(source, {
      lazy: true,
    });
    expect(tree.step).toBe(3);
    expect(tree.big.shape).toEqual([100_000]);
    source.reads = [];
    expect((await tree.layers[0]!.w.load()).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect((await tree.layers[0]!.w.slice("1")).toArray()).toEqual([3, 4]);
    expect(source.bytesRead).toBe(24);
  });

  it("save from file to file in pieces, also cast", async () => {
    await savePytree({ a: w(), b: new Float32Array(50_000).fill(1.5) }, at("from.safetensors"));
    const tree = await loadPytree<{ a: LazyTensor; b: LazyTensor }>(at("from.safetensors"), { lazy: true });
    await savePytree({ x: tree.a, y: tree.b.cast("BF16") }, at("to.safetensors"));
    const copy = await loadFile(at("to.safetensors"));
    expect(copy["@x"]?.equals(w())).toBe(true);
    expect(copy["@y"]?.dtype).toBe("BF16");
    expect(copy["@y"]?.toFloat32Array().every((value) => value === 1.5)).toBe(true);
    await tree.a.file.close();
    await expect(tree.a.load()).rejects.toMatchObject({ code: "SourceClosed" });
  });

  it("save into the very file that they read from", async () => {
    const path = at("self.safetensors");
    await savePytree({ a: w(), n: 1 }, path);
    const tree = await loadPytree<{ a: LazyTensor; n: number }>(path, { lazy: true });
    await savePytree({ ...tree, n: 2 }, path);
    expect((await tree.a.load()).equals(w())).toBe(true);
    await tree.a.file.close();
    expect(await loadPytree(path)).toEqual({ a: w(), n: 2 });
  });
});

describe("select and cast", () => {
  it("leave numbers, booleans and bigints of the tree what they are", async () => {
    const tree = { w: w(), step: 1001, rate: 0.1, on: true, big: 5n };
    const loaded = await loadPytree<typeof tree>(await bytesOf(tree), {
      cast: "BF16",
      into: () => undefined,
    });
    expect(loaded).toMatchObject({ step: 1001, rate: 0.1, on: true, big: 5n });
    expect(loaded.w.dtype).toBe("BF16");
  });

  it("select by the key strings of other styles, and by several", async () => {
    const tree = { enc: { l: [{ w: w() }] }, encoder: w(), dec: w() };
    for (const [keys, prefix, name] of [
      ["slash", "enc", "enc/l/0/w"],
      ["slash", "enc/l/0", "enc/l/0/w"],
      ["dotted", "enc.l", "enc.l.0.w"],
      ["keystr", "['enc']", "['enc']['l'][0]['w']"],
    ] as const) {
      const bytes = await (await serialize(tree, { keys })).blob();
      expect(Object.keys(await loadFile(bytes, { keys, select: prefix }))).toEqual([name]);
      expect(await loadPytree(bytes, { keys, select: prefix })).toEqual({ enc: { l: [{ w: w() }] } });
    }
    const both = await loadFile(await bytesOf(tree), { select: ["@dec", "@encoder"] });
    expect(Object.keys(both)).toEqual(["@dec", "@encoder"]);
  });

  it("refuse a selection that stands for nothing", async () => {
    await expect(loadPytree(await bytesOf({ a: w() }), { select: "@typo" })).rejects.toMatchObject({
      code: "TensorNotFound",
      tensor: "@typo",
    });
  });

  it("refuse a cast to what is no dtype, and words that options don't know", async () => {
    const bytes = await bytesOf({ a: w() });
    await expect(loadFile(bytes, { cast: "float32" as "F32" })).rejects.toMatchObject({
      code: "UnsupportedDtype",
    });
    await expect(loadPytree(bytes, { structure: "nver" as "auto" })).rejects.toMatchObject({
      code: "InvalidArgument",
    });
    await expect(loadPytree(bytes, { attributes: "objects" as "object" })).rejects.toMatchObject({
      code: "InvalidArgument",
    });
    await expect(savePytree({}, at("x"), { structure: "nver" as "never" })).rejects.toMatchObject({
      code: "InvalidArgument",
    });
    const metadata = new Map([["a", "b"]]) as unknown as Record<string, string>;
    await expect(savePytree({}, at("x"), { metadata })).rejects.toMatchObject({ code: "InvalidMetadata" });
  });

  it("load a subtree by its key string, which is no mere prefix of letters", async () => {
    const bytes = await bytesOf({ layers: Array.from({ length: 11 }, (_, i) => ({ w: Tensor.from([i]) })) });
    const one = await loadFile(bytes, { select: "@layers#1" });
    expect(Object.keys(one)).toEqual(["@layers#1@w"]);
    expect(await loadPytree(bytes, { select: "@layers#1" })).toEqual({
      layers: [null, { w: Tensor.from([1]) }],
    });
  });

  it("load what a predicate takes, and read nothing else", async () => {
    const source = new CountingSource(await bytesOf({ a: new Float32Array(50_000), b: new Uint8Array(10) }));
    const file = await openSafetensors(source);
    source.reads = [];
    expect(Object.keys(await loadFile(file, { select: (_, { dtype }) => dtype === "U8" }))).toEqual(["@b"]);
    expect(source.bytesRead).toBe(10);
  });

  it("cast by dtype while loading, refusing what would be lost", async () => {
    const bytes = save({ a: Tensor.from([1, 2], { dtype: "BF16" }), b: new BigInt64Array([1n, 2n ** 40n]) });
    const { a, b } = await loadFile(bytes, { cast: { BF16: "F32" } });
    expect([a?.dtype, b?.dtype]).toEqual(["F32", "I64"]);
    await expect(loadFile(bytes, { cast: { I64: "I32" } })).rejects.toMatchObject({
      code: "LossyConversion",
      message: expect.stringContaining('"b"'),
    });
    expect((await loadFile(bytes, { cast: "F64", lossy: true })).b?.toArray()).toEqual([1, 2 ** 40]);
  });

  it("cast many small tensors with few reads, also into memory that the caller gives", async () => {
    const dict: Record<string, Tensor> = { empty: new Tensor("BF16", [0], new Uint16Array(0)) };
    for (let i = 0; i < 300; i++) dict[`t${i}`] = Tensor.from([i, -i, 0.5], { dtype: "BF16" });
    const source = new CountingSource(save(dict));
    const own = new Float32Array(3);
    const into = (name: string) => (name === "t7" ? own : undefined);
    const loaded = await loadFile(source, { cast: "F32", into });
    expect(Object.keys(loaded)).toHaveLength(301);
    for (let i = 0; i < 256; i++) expect(loaded[`t${i}`]?.toArray()).toEqual([i, -i, 0.5]);
    expect([...own]).toEqual([7, -7, 0.5]);
    expect(source.reads.length).toBeLessThan(5);
  });

  it("read empty tensors into empty memory", async () => {
    const bytes = save({ a: new Float32Array(0), b: new Float32Array(0), c: new Float32Array([1]) });
    const loaded = await loadFile(new CountingSource(bytes), {
      into: (_, { shape }) => new Float32Array(shape[0] ?? 1),
    });
    expect(Object.values(loaded).map(({ shape }) => shape)).toEqual([[0], [0], [1]]);
  });

  it("cast a tensor of several pieces", async () => {
    const count = 5_000_000;
    const values = Uint16Array.from({ length: count }, (_, i) => i & 0x3fff);
    const source = new CountingSource(save({ x: new Tensor("BF16", [count], values) }));
    const { x } = await loadFile(source, { cast: "F32" });
    const expected = new Tensor("BF16", [count], values).toFloat32Array();
    expect(x?.equals(new Tensor("F32", [count], expected))).toBe(true);
  });
});

describe("load", () => {
  it("points to loadFile for what is no bytes", () => {
    for (const wrong of ["path.safetensors", undefined, new Blob([])]) {
      expect(() => load(wrong as unknown as ArrayBuffer)).toThrowError(
        expect.objectContaining({ code: "UnsupportedSource", message: expect.stringContaining("loadFile") }),
      );
    }
  });
});

describe("save and saveFile", () => {
  it("write the same bytes", async () => {
    const dict = { b: w(), a: new Int8Array([1]), "": 5n, c: true };
    await saveFile(dict, at("flat.safetensors"), { metadata: { a: "b" } });
    expect((await readFile(at("flat.safetensors"))).equals(save(dict, { metadata: { a: "b" } }))).toBe(true);
    expect(Object.keys(load(save(dict)))).toEqual(["", "b", "a", "c"]);
  });

  it("refuse arrays whose bytes are not what dtype and shape say, and leave the old file", async () => {
    const path = at("kept.safetensors");
    await saveFile({ a: w() }, path);
    const arrays = {
      name: "liar",
      is: (value: unknown): value is { lie: true } => (value as { lie?: unknown })?.lie === true,
      describe: () => ({ dtype: "F32" as const, shape: [4] }),
      read: () => new Uint8Array(3),
      make: () => ({ lie: true as const }),
    };
    await expect(saveFile({ a: { lie: true as const } }, path, { arrays })).rejects.toMatchObject({
      code: "InvalidTensorView",
      tensor: "a",
    });
    expect((await loadFile(path)).a?.equals(w())).toBe(true);
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(() => save({ a: { lie: true as const } }, { arrays })).toThrowError(/no readSync.*saveFile/s);
  });

  it("report progress that never falls and ends at the total", async () => {
    const seen: number[] = [];
    let total = 0;
    const onProgress = (progress: { loaded: number; total: number }) => {
      seen.push(progress.loaded);
      total = progress.total;
    };
    const dict = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`t${i}`, new Float32Array(100)]));
    await saveFile(dict, at("progress.safetensors"), { onProgress });
    expect(total).toBe((await readFile(at("progress.safetensors"))).byteLength);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
    expect(seen.length).toBeLessThan(400);
    seen.length = 0;
    await loadFile(at("progress.safetensors"), { onProgress });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(2000 * 400);
  });

  it("abort at once where an adapter never answers", async () => {
    const arrays = {
      name: "stuck",
      is: (value: unknown): value is Date => value instanceof Date,
      describe: () => ({ dtype: "F32" as const, shape: [1] }),
      read: () => new Promise<Uint8Array>(() => {}),
      make: () => new Promise<Date>(() => {}),
    };
    const aborted = () => AbortSignal.timeout(20);
    await expect(
      saveFile({ a: new Date() }, at("stuck"), { arrays, signal: aborted() }),
    ).rejects.toMatchObject({ name: "TimeoutError" });
    await expect(loadFile(save({ a: w() }), { arrays, signal: aborted() })).rejects.toMatchObject({
      name: "TimeoutError",
    });
    expect(await readdir(folder)).not.toContain("stuck");
  });

  it("abort with the signal's reason and leave the old file", async () => {
    const path = at("aborted.safetensors");
    await saveFile({ a: w() }, path);
    const controller = new AbortController();
    const reason = new Error("enough");
    const dict = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`t${i}`, new Float32Array(100_000)]),
    );
    const saving = saveFile(dict, path, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(saving).rejects.toBe(reason);
    expect(Object.keys(await loadFile(path))).toEqual(["a"]);
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("serialize", () => {
  it("gives the bytes as a stream and as a blob, with their number", async () => {
    const file = await serialize({ a: w(), s: "x" });
    const chunks = [];
    for await (const chunk of file.stream() as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const streamed = Buffer.concat(chunks);
    expect(streamed.byteLength).toBe(file.byteLength);
    const blob = await file.blob();
    expect(blob.type).toBe("application/octet-stream");
    expect(streamed.equals(Buffer.from(await blob.arrayBuffer()))).toBe(true);
  });

  it("tells the reader of a signal that is aborted already", async () => {
    const controller = new AbortController();
    const file = await serialize({ a: w() }, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(file.blob()).rejects.toThrow();
  });

  it("passes the fault of a leaf on to the reader", async () => {
    const arrays = {
      name: "broken",
      is: (value: unknown): value is Date => value instanceof Date,
      describe: () => ({ dtype: "F32" as const, shape: [1] }),
      read: () => Promise.reject(new Error("device lost")),
      make: () => new Date(),
    };
    const file = await serialize([new Date()], { arrays });
    await expect(new Response(file.stream()).arrayBuffer()).rejects.toThrow();
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

async function bytesOf(tree: unknown): Promise<Uint8Array> {
  return new Uint8Array(await (await (await serialize(tree)).blob()).arrayBuffer());
}
