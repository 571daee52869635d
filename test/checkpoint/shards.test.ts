import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type LazyTensor,
  loadFile,
  loadIntoPytree,
  loadPytree,
  openSafetensors,
  saveFile,
  savePytree,
  Tensor,
} from "../../src/index.node.ts";
import { openStore } from "../../src/io/open-store.ts";
import type { Store } from "../../src/io/types.ts";

let root: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "p2s-shards-"));
});
afterAll(() => rm(root, { recursive: true }));

const INDEX = "model.safetensors.index.json";
const tree = (value = 1) => ({
  layers: Array.from({ length: 5 }, () => ({
    w: new Tensor("F32", [250], new Float32Array(250).fill(value)),
  })),
  ema: null,
  step: value,
});

async function saved(value = 1): Promise<string> {
  const folder = join(root, String(count++));
  await savePytree(tree(value), folder, { maxShardSize: 2000, metadata: { format: "pt" } });
  return folder;
}

async function edit(
  folder: string,
  change: (index: { metadata: Record<string, unknown>; weight_map: Record<string, string> }) => void,
) {
  const path = join(folder, INDEX);
  const index = JSON.parse(await readFile(path, "utf8"));
  change(index);
  await writeFile(path, JSON.stringify(index));
  return path;
}

describe("sharded checkpoints", () => {
  it("have the customary names, and an index that Hugging Face's libraries read", async () => {
    const folder = await saved();
    const names = (await readdir(folder)).sort();
    expect(names).toEqual([
      "model-00001-of-00003.safetensors",
      "model-00002-of-00003.safetensors",
      "model-00003-of-00003.safetensors",
      INDEX,
    ]);
    const index = JSON.parse(await readFile(join(folder, INDEX), "utf8"));
    expect(index.metadata.total_size).toBe(5008);
    expect(Object.keys(index.weight_map)).toHaveLength(6);
    expect(index.weight_map["@layers#0@w"]).toBe("model-00001-of-00003.safetensors");
    const shard = await openSafetensors(join(folder, names[0]!));
    expect(shard.metadata).toEqual({ format: "pt" });
    await shard.close();
  });

  it("load by every function that takes a file", async () => {
    const index = join(await saved(3), INDEX);
    expect(await loadPytree(index)).toEqual(tree(3));
    expect(Object.keys(await loadFile(index, { select: "@layers#4" }))).toEqual(["@layers#4@w"]);
    expect((await loadIntoPytree(tree(0), index, { strict: true })).step).toBe(3);
    const lazy = await loadPytree<{ layers: { w: LazyTensor }[] }>(index, { lazy: true });
    expect((await lazy.layers[2]!.w.slice("0:2")).toArray()).toEqual([3, 3]);
    await lazy.layers[0]!.w.file.close();
    const file = await openSafetensors(index);
    expect(file.metadata.format).toBe("pt");
    const seen = [];
    for await (const [name] of file.tensors()) seen.push(name);
    expect(seen.sort()).toEqual([...file.names].sort());
    await file.close();
  });

  it("load from anything when told where the shards are", async () => {
    const folder = await saved(2);
    const blob = new Blob([await readFile(join(folder, INDEX))]);
    await expect(loadFile(blob)).rejects.toMatchObject({
      code: "MissingShard",
      message: expect.stringContaining("shards:"),
    });
    const shards = async (name: string) => new Blob([await readFile(join(folder, name))]);
    expect(await loadPytree(blob, { shards })).toEqual(tree(2));
  });

  it("replace one another whole: the old index until the new one stands, then the old files go", async () => {
    const folder = await saved(1);
    await savePytree(tree(2), folder, { maxShardSize: 3000 });
    expect(await loadPytree(join(folder, INDEX))).toEqual(tree(2));
    const names = await readdir(folder);
    expect(names.filter((name) => name.endsWith(".safetensors"))).toHaveLength(2);
    expect(names.every((name) => name === INDEX || /-of-00002\.[0-9a-f]{8}\.safetensors$/.test(name))).toBe(
      true,
    );
  });

  it("leave the old checkpoint whole when a save fails, and no new files", async () => {
    const folder = await saved(1);
    const before = (await readdir(folder)).sort();
    const controller = new AbortController();
    let reports = 0;
    const onProgress = () => {
      if (++reports === 3) controller.abort();
    };
    await expect(
      savePytree(tree(2), folder, { maxShardSize: 1000, signal: controller.signal, onProgress }),
    ).rejects.toThrow();
    expect((await readdir(folder)).sort()).toEqual(before);
    expect(await loadPytree(join(folder, INDEX))).toEqual(tree(1));
  });

  it.each([
    ["before it was there", false, 1],
    ["after it was there, as a failing fsync does", true, 2],
  ])("stay whole when the index fails %s", async (_, written, value) => {
    const folder = await saved(1);
    const store = await openStore(folder);
    const failing: Store = {
      ...store,
      async sink(key, options) {
        const sink = await store.sink(key, options);
        if (key !== INDEX) return sink;
        return {
          write: (chunk) => sink.write(chunk),
          abort: (reason) => sink.abort?.(reason),
          async close() {
            if (written) await sink.close();
            else await sink.abort?.(new Error("the index is lost"));
            throw new Error("the index is lost");
          },
        };
      },
    };
    const save = savePytree(tree(2), failing, { maxShardSize: 3000 });
    await expect(save).rejects.toThrow("the index is lost");
    expect(await loadPytree(join(folder, INDEX))).toEqual(tree(value));
  });

  it("clear what a dead save left once it is old, never a young file", async () => {
    const folder = await saved(1);
    const old = join(folder, "model-00001-of-00009.deadbeef.safetensors");
    const young = join(folder, "model-00001-of-00009.cafecafe.safetensors");
    await writeFile(old, "");
    await writeFile(young, "");
    await utimes(old, 0, 0);
    await savePytree(tree(2), folder, { maxShardSize: 3000 });
    const names = await readdir(folder);
    expect(names).not.toContain("model-00001-of-00009.deadbeef.safetensors");
    expect(names).toContain("model-00001-of-00009.cafecafe.safetensors");
  });

  it("name a missing shard", async () => {
    const folder = await saved();
    await rm(join(folder, "model-00002-of-00003.safetensors"));
    await expect(loadPytree(join(folder, INDEX))).rejects.toMatchObject({
      code: "MissingShard",
      message: expect.stringContaining("model-00002-of-00003.safetensors"),
    });
  });

  it("name a listed tensor that its shard doesn't have when it is read, and read all others", async () => {
    const ghost = await edit(await saved(), (index) => {
      index.weight_map.ghost = "model-00001-of-00003.safetensors";
      index.weight_map["@layers#0@w"] = "model-00003-of-00003.safetensors";
    });
    const onWarning = vi.fn();
    const file = await openSafetensors(ghost, { onWarning });
    expect((await file.tensor("@layers#1@w")).shape).toEqual([250]);
    await expect(file.tensor("ghost")).rejects.toMatchObject({ code: "InvalidIndex", tensor: "ghost" });
    await expect(file.tensor("@layers#0@w")).rejects.toMatchObject({ code: "InvalidIndex" });
    await file.close();
    const whole = await loadFile(ghost, { onWarning }).catch((error) => error);
    expect(whole).toMatchObject({ code: "InvalidIndex" });
    expect(whole.faults.map(({ tensor }: { tensor: string }) => tensor).sort()).toEqual([
      "@layers#0@w",
      "ghost",
    ]);
    expect(Object.keys(await loadFile(ghost, { select: "@layers#1", onWarning }))).toEqual(["@layers#1@w"]);
    await expect(loadFile(ghost, { select: "ghost", onWarning })).rejects.toMatchObject({ tensor: "ghost" });
  });

  it("leave out what a shard has beyond the index, with one warning", async () => {
    const unlisted = await edit(await saved(), (index) => {
      delete index.weight_map["@layers#1@w"];
      delete index.weight_map["@layers#2@w"];
    });
    const onWarning = vi.fn();
    const names = Object.keys(await loadFile(unlisted, { onWarning }));
    expect(names).not.toContain("@layers#1@w");
    expect(names).toContain("@layers#3@w");
    expect(onWarning).toHaveBeenCalledOnce();
    expect(onWarning.mock.calls[0]![0].message).toContain("and 1 more");
  });

  it("take each tensor from the shard that the index names, also where two have it", async () => {
    const folder = await saved();
    await saveFile(
      { "@layers#0@w": new Float32Array(250), "@layers#4@w": new Float32Array(250).fill(4), "@step": 1 },
      join(folder, "model-00003-of-00003.safetensors"),
    );
    const onWarning = vi.fn();
    const loaded = (await loadPytree(join(folder, INDEX), { onWarning, structure: "ignore" })) as {
      layers: { w: Tensor }[];
    };
    expect(loaded.layers[0]!.w.data[0]).toBe(1);
    expect(loaded.layers[4]!.w.data[0]).toBe(4);
  });

  it("name every shard that is missing", async () => {
    const folder = await saved();
    await rm(join(folder, "model-00002-of-00003.safetensors"));
    await rm(join(folder, "model-00003-of-00003.safetensors"));
    const error = await loadPytree(join(folder, INDEX)).catch((reason) => reason);
    expect(error).toMatchObject({ code: "MissingShard" });
    expect(error.message).toContain("model-00002-of-00003.safetensors");
    expect(error.message).toContain("model-00003-of-00003.safetensors");
    expect(error.faults).toHaveLength(2);
  });

  it("load from their folder as from their index", async () => {
    const folder = await saved(4);
    expect(await loadPytree(folder)).toEqual(tree(4));
    await copyFile(join(folder, INDEX), join(folder, "other.safetensors.index.json"));
    await expect(loadPytree(folder)).rejects.toMatchObject({
      code: "UnsupportedSource",
      message: expect.stringContaining("other.safetensors.index.json"),
    });
  });

  it("refuse an index that points outside its folder", async () => {
    for (const file of ["../secret.safetensors", "/etc/passwd", "a/../../b", "https://example.com/x"]) {
      const path = await edit(await saved(), (index) => {
        index.weight_map["@layers#0@w"] = file;
      });
      await expect(loadPytree(path)).rejects.toMatchObject({ code: "InvalidIndex", tensor: "@layers#0@w" });
    }
  });

  it.each([
    ["wrong", 1],
    ["a text", "many"],
    ["missing", undefined],
  ])("don't mind a total_size that is %s", async (_, totalSize) => {
    const path = await edit(await saved(4), (index) => {
      if (totalSize === undefined) delete index.metadata.total_size;
      else index.metadata.total_size = totalSize;
    });
    const onWarning = vi.fn();
    expect(await loadPytree(path, { onWarning })).toEqual(tree(4));
    expect(onWarning).not.toHaveBeenCalled();
  });

  it("refuse a name that would not be one of a file in the folder", async () => {
    for (const shardName of ["../esc", "model:v1", "run#1", ""]) {
      const saving = savePytree(tree(), join(root, "named"), { maxShardSize: 2000, shardName });
      await expect(saving).rejects.toMatchObject({ code: "InvalidArgument" });
    }
    await savePytree(tree(), join(root, "named"), { maxShardSize: 2000, shardName: "run-1.2_b" });
    expect(await loadPytree(join(root, "named", "run-1.2_b.safetensors.index.json"))).toEqual(tree());
  });

  it("hold a tree without tensors", async () => {
    const folder = join(root, "empty");
    await mkdir(folder);
    await savePytree({ a: null, b: [] }, folder, { maxShardSize: "5GB", metadata: { epoch: "3" } });
    const loaded = await loadPytree(join(folder, INDEX), { withMetadata: true });
    expect(loaded).toEqual({ tree: { a: null, b: [] }, metadata: { epoch: "3" } });
  });
});
