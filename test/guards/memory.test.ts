import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planLayout } from "../../src/format/layout/layout.ts";
import {
  load,
  loadFile,
  loadPytree,
  openSafetensors,
  pytree2dict,
  save,
  saveFile,
  setWeights,
  Tensor,
} from "../../src/index.node.ts";

/* Memory, by the buffers that there are and by their bytes: copies show in both. */
const KIB = 2 ** 10;
const MIB = 2 ** 20;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** By how many bytes of array buffers there are more after `work`, with its result alive. */
async function bufferBytes<T>(work: () => T | Promise<T>): Promise<[bytes: number, result: T]> {
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  const result = await work();
  collectGarbage();
  return [process.memoryUsage().arrayBuffers - before, result];
}

function buffersOf(tensors: Iterable<Tensor>): Set<ArrayBufferLike> {
  return new Set(Array.from(tensors, (tensor) => tensor.data.buffer));
}

const dict: Record<string, Tensor> = {};
for (let i = 0; i < 1_000; i++) dict[`t${i}`] = new Tensor("F32", [4 * KIB], new Float32Array(4 * KIB));
const file = save(dict);
let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pytree2safetensors-guard-"));
  path = join(folder, "model.safetensors");
  await saveFile(dict, path, { flush: false });
});

afterAll(() => rm(folder, { recursive: true }));

describe("tensors of bytes in memory", () => {
  it.each([
    ["load", () => load(file)],
    ["loadFile", () => loadFile(file)],
  ])("are views of them: %s", async (_, read) => {
    const [bytes, tensors] = await bufferBytes(read);
    // No `toEqual`: on failure it would print the buffers.
    const buffers = buffersOf(Object.values(tensors));
    expect(buffers.size === 1 && buffers.has(file.buffer)).toBe(true);
    expect(bytes).toBeLessThan(MIB);
  });

  it("stay views when they are moved between trees and dicts", () => {
    const tree = { layers: Object.values(load(file)) };
    const moved = setWeights(tree, pytree2dict(tree) as Record<string, Tensor>);
    for (const [i, tensor] of moved.layers.entries()) expect(tensor === tree.layers[i]).toBe(true);
  });
});

describe("tensors of a file", () => {
  it("share one allocation among neighbours up to 32 MiB, and take no more than their bytes", async () => {
    const [bytes, tensors] = await bufferBytes(() => loadFile(path));
    expect(buffersOf(Object.values(tensors)).size).toBe(1);
    expect(bytes).toBeLessThan(file.byteLength + MIB);
  });

  it("share four allocations where they are larger than that and kept, and 32 MiB where they are not", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `t${i}`);
    const entries = names.map((name) => ({ name, dtype: "F32" as const, shape: [MIB] }));
    const { head, totalBytes } = planLayout(entries);
    const large = join(folder, "large.safetensors");
    await writeFile(large, head);
    await truncate(large, totalBytes);
    const kept = buffersOf(Object.values(await loadFile(large)));
    expect(Array.from(kept, (buffer) => buffer.byteLength / MIB)).toEqual([40, 40, 40, 40]);
    const opened = await openSafetensors(large);
    for await (const [, tensor] of opened.tensors()) {
      expect(tensor.data.buffer.byteLength).toBeLessThanOrEqual(32 * MIB);
    }
    await opened.close();
  });

  it("take no memory but the header's until they are read", async () => {
    const [bytes, tree] = await bufferBytes(() => loadPytree(path, { lazy: true }));
    expect(bytes).toBeLessThan(MIB);
    expect(tree).toBeDefined();
  });

  it("hold only their own bytes when one is kept", async () => {
    const opened = await openSafetensors(path);
    const [bytes, tensor] = await bufferBytes(() => opened.tensor("t500"));
    expect(tensor.data.buffer.byteLength).toBe(16 * KIB);
    expect(bytes).toBeLessThan(MIB);
    await opened.close();
  });

  it("are read into the memory that is given, without any other", async () => {
    const into = new Float32Array(4 * KIB);
    const opened = await openSafetensors(path);
    const tensor = await opened.tensor("t500", { into });
    expect(tensor.data.buffer === into.buffer).toBe(true);
    await opened.close();
  });
});

describe("a header", () => {
  it("of 50,000 tensors takes no more than three times its own bytes beside them", async () => {
    const names = Array.from({ length: 50_000 }, (_, i) => [`layers#${i}@w`, Tensor.from(i)] as const);
    const many = save(Object.fromEntries(names));
    const header = new DataView(many.buffer).getUint32(0, true);
    const [bytes, opened] = await bufferBytes(() => openSafetensors(many));
    expect(bytes).toBeLessThan(3 * header);
    await opened.close();
  });
});
