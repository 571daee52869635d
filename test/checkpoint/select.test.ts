import { describe, expect, it } from "vitest";
import {
  loadFile,
  loadPytree,
  openSafetensors,
  save,
  savePytree,
  serialize,
  Tensor,
} from "../../src/index.node.ts";
import { CountingSource } from "./counting-source.ts";
import { bytesOf, ownFolder, w } from "./files.ts";

const at = ownFolder();

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

  it("read neighbours into one buffer, and refuse memory that two tensors would share", async () => {
    const bytes = save({ a: new Float32Array([1, 2]), b: new Float32Array([3, 4]), c: new Float32Array(0) });
    const memory = new Float32Array(4);
    // `b` goes before `a`, and `c` is empty, so that it shares nothing wherever it is.
    const places = { a: 2, b: 0, c: 1 };
    const into = (name: string, { shape }: { readonly shape: readonly number[] }, shift = 0) =>
      memory.subarray(places[name as "a"] - shift, places[name as "a"] - shift + shape[0]!);
    await loadFile(bytes, { into });
    expect([...memory]).toEqual([3, 4, 1, 2]);
    const overlapping = { into: (name: string, info: Tensor) => into(name, info, name === "a" ? 1 : 0) };
    await expect(loadFile(bytes, overlapping as never)).rejects.toMatchObject({
      code: "InvalidArgument",
      tensor: "a",
      found: 'memory of "b"',
    });
    expect([...memory]).toEqual([3, 4, 1, 2]);
    await loadFile(bytes, { into: (_, { shape }) => new Float32Array(shape[0]!) });
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
