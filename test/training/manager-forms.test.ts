import { mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LazyTensor, loadPytree, memoryStore, type Store, savePytree, Tensor } from "pytree2safetensors";
import { CheckpointManager } from "pytree2safetensors/training";
import { describe, expect, it } from "vitest";
import { failure } from "../checkpoint/support.ts";
import { generationOf, treeOf } from "../reliability/death/generation.ts";
import { FORMS, freshFolder, heldUp, namesIn } from "./support.ts";

describe.each(FORMS)("CheckpointManager with $form", ({ options }) => {
  const isSharded = options.maxShardSize !== undefined;
  const nameOf = (step: number) => `step-${String(step).padStart(8, "0")}${isSharded ? "" : ".safetensors"}`;
  const fileOf = (folder: string, step: number) =>
    join(folder, nameOf(step), isSharded ? "model.safetensors.index.json" : "");

  it("saves steps that restore equal, with metrics, metadata and time", async () => {
    const folder = await freshFolder();
    const before = Date.now();
    await using manager = await CheckpointManager.open(folder, options);
    for (const step of [1, 2])
      expect(
        await manager.save(step, treeOf(step), {
          metrics: { loss: 1 / 3 / step, bad: Number.NaN },
          metadata: { note: `step ${step}` },
        }),
      ).toBe(true);
    await manager.wait();
    const restored = await manager.restore();
    expect(generationOf(restored.tree)).toBe(2);
    expect(restored).toMatchObject({
      step: 2,
      metrics: { loss: 1 / 6, bad: Number.NaN },
      metadata: { note: "step 2" },
    });
    expect(restored.time.getTime()).toBeGreaterThanOrEqual(before);
    expect(generationOf((await manager.restore({ step: 1 })).tree)).toBe(1);
    expect(await namesIn(folder)).toEqual(["manager.lock", nameOf(1), nameOf(2)]);
  });

  it("keeps what a restore reads in a cache, where it is told to", async () => {
    const inner = memoryStore();
    let read = 0;
    // A place that tells the versions of its files, as a bucket does.
    const store: Store = {
      ...inner,
      name: "far away",
      async source(key) {
        const source = await inner.source(key);
        const { size } = source;
        return {
          size,
          version: "1",
          async read(start, end) {
            read += end - start;
            return source.read(start, end);
          },
        };
      },
    };
    const cache = await freshFolder();
    await using manager = await CheckpointManager.open(store, options);
    await manager.save(1, treeOf(1));
    await manager.wait();
    await manager.latest(); // so that the header is known
    for (const isFirst of [true, false]) {
      read = 0;
      expect(generationOf((await manager.restore({ cached: cache })).tree)).toBe(1);
      expect(read > 0).toBe(isFirst);
      expect((await namesIn(cache)).every((name) => name.endsWith(".block"))).toBe(true);
    }
  });

  it("writes files that loadPytree reads, with its three strings in the metadata", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder, options);
    await manager.save(7, treeOf(7), { metrics: { loss: 0.5 } });
    await manager.wait();
    const { tree, metadata } = await loadPytree(fileOf(folder, 7), { withMetadata: true });
    expect(generationOf(tree)).toBe(7);
    expect(metadata).toMatchObject({
      "pytree2safetensors.step": "7",
      "pytree2safetensors.metrics": '{"loss":0.5}',
      "pytree2safetensors.time": expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it("keeps what the rules want, and knows it again when it is opened anew", async () => {
    const folder = await freshFolder();
    const keep = { last: 2, every: 4, best: { metric: "accuracy", mode: "max" } } as const;
    const accuracies = [0.1, 0.2, 0.9, 0.3, 0.4, 0.5, 0.6];
    {
      await using manager = await CheckpointManager.open(folder, { ...options, keep });
      for (const [i, accuracy] of accuracies.entries())
        await manager.save(i + 1, treeOf(i + 1), { metrics: { accuracy } });
    }
    expect(await namesIn(folder)).toEqual([3, 4, 6, 7].map(nameOf));
    await using manager = await CheckpointManager.open(folder, { ...options, keep });
    const steps = await manager.steps();
    expect(steps.map(({ step, metrics }) => [step, metrics.accuracy])).toEqual([
      [3, 0.9],
      [4, 0.3],
      [6, 0.5],
      [7, 0.6],
    ]);
    expect(steps.every(({ bytes }) => bytes > 80_000)).toBe(true);
    expect((await manager.latest())?.step).toBe(7);
    expect((await manager.best())?.step).toBe(3);
    expect((await manager.best({ metric: "accuracy", mode: "min" }))?.step).toBe(4);
    expect(generationOf((await manager.restore({ step: "best" })).tree)).toBe(3);
    await manager.save(8, treeOf(8));
    await manager.wait();
    expect((await manager.steps()).map(({ step }) => step)).toEqual([3, 4, 7, 8]);
  });

  it("refuses a step that exists, and replaces it with force", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder, options);
    await manager.save(5, treeOf(1));
    const refusal = /step 5 exists in .*; pass \{ force: true \} to replace it/;
    await expect(manager.save(5, treeOf(2))).rejects.toThrow(refusal);
    await manager.wait();
    await expect(manager.save(5, treeOf(2))).rejects.toMatchObject({ code: "StepExists" });
    await manager.save(5, treeOf(3), { force: true });
    await manager.wait();
    expect(generationOf((await manager.restore({ step: 5 })).tree)).toBe(3);
    await using other = await CheckpointManager.open(folder, options);
    expect((await other.steps()).map(({ step }) => step)).toEqual([5]);
    await expect(other.save(6, treeOf(2))).rejects.toMatchObject({ code: "StoreLocked" });
  });

  it("writes each step as it was at the call, whatever happens to its arrays meanwhile", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder, options);
    const first = await heldUp(treeOf(0));
    await manager.save(0, first.tree);
    const arrays = [new Float32Array(9000), new Float64Array(50), new Uint8Array(77), new BigInt64Array(5)];
    const tensor = new Tensor("F32", [30], new Float32Array(30));
    const fill = (value: number) => {
      for (const array of arrays)
        array.fill((array instanceof BigInt64Array ? BigInt(value) : value) as never);
      tensor.data.fill(value);
    };
    fill(1);
    const tree: { arrays: unknown; tensor: Tensor; step: number; late?: string } = {
      arrays,
      tensor,
      step: 1,
    };
    const saving = manager.save(1, tree);
    // Before a byte of it is written, and after.
    fill(2);
    tree.step = 2;
    tree.late = "more";
    first.letGo();
    await saving;
    fill(3);
    await manager.wait();
    const restored = await manager.restore<{ arrays: Tensor[]; tensor: Tensor; step: number }>({ step: 1 });
    expect(Object.keys(restored.tree)).toEqual(["arrays", "step", "tensor"]);
    expect(restored.tree.step).toBe(1);
    for (const { data } of [...restored.tree.arrays, restored.tree.tensor])
      expect([...data].every((value) => Number(value) === 1)).toBe(true);
  });

  it("casts on the way, and leaves scalars as they are", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder, {
      ...options,
      cast: { F32: "BF16", F64: "F32" },
    });
    const w = Tensor.from([[1.5, -2.25]]);
    await manager.save(1, { w, rate: 0.1, big: new Float32Array(30_000).fill(3) });
    await manager.wait();
    const { tree } = await manager.restore<{ w: Tensor; rate: number; big: Tensor }>();
    expect(tree.w.dtype).toBe("BF16");
    expect(tree.w.toFloat32Array()).toEqual(new Float32Array([1.5, -2.25]));
    expect(tree.rate).toBe(0.1);
    expect(tree.big.toFloat32Array().every((value) => value === 3)).toBe(true);
  });

  it("restores into a template, strictly unless it is told otherwise", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder, options);
    await manager.save(3, { w: new Float32Array([1, 2]), step: 3 });
    const into = { w: new Float32Array(2), step: 0 };
    const { tree } = await manager.restore({ into });
    expect(tree).toEqual({ w: new Float32Array([1, 2]), step: 3 });
    expect(into.step).toBe(0);
    const more = { ...into, ema: new Float32Array(2) };
    const error = await failure(() => manager.restore({ into: more }));
    expect(error).toMatchObject({ code: "WeightsMismatch" });
    expect(error.message).toMatch(/^step 3: the file has no tensor for the leaf "@ema"/);
    expect((await manager.restore({ into: more, strict: false })).tree.step).toBe(3);
  });

  it("restores lazily", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder, options);
    await manager.save(3, treeOf(3));
    const { tree } = await manager.restore<{ step: number; layers: { w: LazyTensor }[] }>({ lazy: true });
    expect(tree.step).toBe(3);
    expect(tree.layers[0]!.w).toBeInstanceOf(LazyTensor);
    expect((await tree.layers[0]!.w.load()).data.every((value) => value === 3)).toBe(true);
    await tree.layers[0]!.w.file.close();
  });

  it("names a newest step that is broken, and takes the one before it only when asked", async () => {
    const folder = await freshFolder();
    const warnings: Error[] = [];
    const onWarning = (error: Error) => warnings.push(error);
    await using manager = await CheckpointManager.open(folder, { ...options, onWarning, keep: { last: 3 } });
    for (const step of [1, 2, 3]) await manager.save(step, treeOf(step));
    await manager.wait();
    await truncate(fileOf(folder, 3), 90);
    const error = await failure(() => manager.restore());
    expect(error.message).toMatch(
      /^step 3 can't be read: .*; restore\(\{ onBroken: "skip" \}\) takes the one before it$/,
    );
    expect(error.source).toContain("step-00000003");
    expect((await manager.latest())?.error?.message).toMatch(/^step 3 can't be read/);
    expect((await manager.steps()).map(({ step, error }) => [step, error !== undefined])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    const { step, tree } = await manager.restore({ onBroken: "skip" });
    expect([step, generationOf(tree)]).toEqual([2, 2]);
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/^step 3 can't be read/)]);
    expect(await failure(() => manager.restore({ step: 3 }))).toMatchObject({ code: error.code });
    // What can't be read counts for no rule, and nobody removes it.
    for (const next of [4, 5]) await manager.save(next, treeOf(next));
    await manager.wait();
    expect((await manager.steps()).map(({ step }) => step)).toEqual([2, 3, 4, 5]);
    await manager.save(3, treeOf(3), { force: true });
    await manager.wait();
    expect((await manager.steps()).map(({ step }) => step)).toEqual([3, 4, 5]);
  });

  it("leaves foreign files alone", async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, "step-00000002"));
    await writeFile(join(folder, "step-00000002", "notes.txt"), "mine");
    await writeFile(join(folder, "step-1.safetensors"), "mine");
    await savePytree(treeOf(9), join(folder, "step-00000009.safetensors"));
    await savePytree(treeOf(9), join(folder, "model.safetensors"));
    const foreign = await namesIn(folder);
    await using manager = await CheckpointManager.open(folder, { ...options, keep: { last: 1 } });
    for (const step of [10, 11]) await manager.save(step, treeOf(step));
    await manager.wait();
    expect(await namesIn(folder)).toEqual([...foreign, nameOf(11), "manager.lock"].sort());
    expect((await manager.steps()).map(({ step }) => step)).toEqual([11]);
    expect(await readFile(join(folder, "step-00000002", "notes.txt"), "utf8")).toBe("mine");
    // By its name it is a step, so it is not overwritten unless somebody says so.
    await expect(manager.save(9, treeOf(9))).rejects.toMatchObject({ code: "StepExists" });
  });

  it("never removes the step that it has just saved, nor the newest", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder, {
      ...options,
      keep: { best: { metric: "loss", mode: "min" } },
    });
    await manager.save(10, treeOf(10), { metrics: { loss: 1 } });
    await manager.save(20, treeOf(20), { metrics: { loss: 2 } });
    await manager.wait();
    expect((await manager.steps()).map(({ step }) => step)).toEqual([10, 20]);
    // A run that went back to step 10 and goes on from there.
    await manager.save(15, treeOf(15), { metrics: { loss: 3 } });
    await manager.wait();
    expect((await manager.steps()).map(({ step }) => step)).toEqual([10, 15, 20]);
  });
});
