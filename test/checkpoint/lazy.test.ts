import { describe, expect, it } from "vitest";
import { type LazyTensor, loadFile, loadPytree, savePytree, Tensor } from "../../src/index.node.ts";
import { CountingSource } from "./counting-source.ts";
import { bytesOf, ownFolder, w } from "./files.ts";

const at = ownFolder();

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

  it("are read together where they are neighbours, and ahead of the writing, in bounded memory", async () => {
    const MIB = 2 ** 20;
    const large = new Tensor("U8", [10 * MIB], new Uint8Array(10 * MIB));
    const source = new CountingSource(await bytesOf({ a: w(), b: w(), large }));
    const tree = await loadPytree<{ large: LazyTensor }>(source, { lazy: true });
    source.reads = [];
    let begun = 0;
    let most = 0;
    const read = source.read.bind(source);
    source.read = (...args) => {
      begun++;
      return read(...args);
    };
    // The first write is the header, the others a piece each.
    let written = -1;
    const sink = {
      async write() {
        await new Promise((resolve) => setTimeout(resolve, 20));
        most = Math.max(most, begun - written);
        written++;
      },
      close: () => {},
    };
    await savePytree(tree, sink);
    expect(source.reads.map(([start, end]) => end - start)).toEqual([
      4 * MIB,
      4 * MIB,
      2 * MIB + 2 * w().byteLength,
    ]);
    // One is being written, and one read.
    expect(most).toBe(2);
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
