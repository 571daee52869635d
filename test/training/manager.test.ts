import { existsSync } from "node:fs";
import { join } from "node:path";
import { openSafetensors, PyTreeContainer, type Tensor } from "pytree2safetensors";
import { CheckpointManager } from "pytree2safetensors/training";
import { describe, expect, it } from "vitest";
import { generationOf, treeOf } from "../reliability/death/generation.ts";
import { freshFolder, heldUp, namesIn } from "./support.ts";

describe("CheckpointManager", () => {
  it("takes the steps that are due, and with force any", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder, { saveEvery: 10 });
    const taken: boolean[] = [];
    for (const step of [0, 5, 10]) taken.push(await manager.save(step, { step }));
    taken.push(await manager.save(15, { step: 15 }, { force: true }));
    expect(taken).toEqual([true, false, true, true]);
    await manager.wait();
    expect((await manager.steps()).map(({ step }) => step)).toEqual([0, 10, 15]);
  });

  it("does not look at a tree that is not due", async () => {
    await using manager = await CheckpointManager.open(await freshFolder(), { saveEvery: () => false });
    expect(await manager.save(1, { f: () => {} })).toBe(false);
  });

  it("throws at once for what can't be saved, and goes on", async () => {
    await using manager = await CheckpointManager.open(await freshFolder());
    await expect(manager.save(1, { f: () => {} })).rejects.toMatchObject({ code: "UnsupportedLeaf" });
    await expect(manager.save(1, { a: 1 }, { metrics: { m: "1" as never } })).rejects.toThrow(/metric "m"/);
    await expect(manager.save(-1, { a: 1 })).rejects.toThrow(/a step must be an integer from 0/);
    expect(await manager.save(1, { a: 1 })).toBe(true);
    await manager.wait();
    expect((await manager.restore()).tree).toEqual({ a: 1 });
  });

  it("keeps training at most one tree ahead of the disk", async () => {
    await using manager = await CheckpointManager.open(await freshFolder());
    const first = await heldUp(treeOf(1));
    await manager.save(1, first.tree);
    let hasTurn = false;
    const second = manager.save(2, treeOf(2)).then(() => {
      hasTurn = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(hasTurn).toBe(false);
    first.letGo();
    await second;
    await manager.wait();
    expect((await manager.steps()).map(({ step }) => step)).toEqual([1, 2]);
  });

  it("goes on writing in a loop that awaits nothing but save", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder, { saveEvery: 1e9 });
    await manager.save(0, treeOf(0));
    const isThere = () => existsSync(join(folder, "step-00000000.safetensors"));
    const end = performance.now() + 10_000;
    for (let step = 1; !isThere() && performance.now() < end; step++) await manager.save(step, {});
    expect(isThere()).toBe(true);
  });

  it("replaces the save that waits, if so chosen, and says which", async () => {
    const replaced: number[][] = [];
    await using manager = await CheckpointManager.open(await freshFolder(), {
      whenBusy: "replace",
      onReplaced: (step, by) => replaced.push([step, by]),
    });
    const first = await heldUp(treeOf(1));
    await manager.save(1, first.tree);
    for (const step of [2, 3, 4]) await manager.save(step, treeOf(step));
    first.letGo();
    await manager.wait();
    expect(replaced).toEqual([
      [2, 3],
      [3, 4],
    ]);
    expect((await manager.steps()).map(({ step }) => step)).toEqual([1, 4]);
    // What was replaced was never there, so it can be saved.
    expect(await manager.save(2, treeOf(2))).toBe(true);
  });

  it("reports progress with the step", async () => {
    const seen = new Map<number, number>();
    await using manager = await CheckpointManager.open(await freshFolder(), {
      onProgress: ({ step, loaded, total }) => seen.set(step, loaded / total),
    });
    let own = 0;
    await manager.save(1, treeOf(1), {
      onProgress: ({ loaded }) => {
        own = loaded;
      },
    });
    await manager.save(2, treeOf(2));
    await manager.wait();
    expect([...seen]).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(own).toBeGreaterThan(80_000);
  });

  it("has no step to restore in an empty folder, and says what there is", async () => {
    await using manager = await CheckpointManager.open(await freshFolder(), {
      keep: { best: { metric: "m", mode: "max" } },
    });
    await expect(manager.restore()).rejects.toThrow(/has no step, so the latest step can't be restored/);
    expect(await manager.latest()).toBeUndefined();
    expect(await manager.best()).toBeUndefined();
    expect(await manager.steps()).toEqual([]);
    await manager.save(1, { a: 1 });
    await expect(manager.restore({ step: 2 })).rejects.toMatchObject({ code: "StepNotFound" });
    await expect(manager.restore({ step: 2 })).rejects.toThrow(
      /has only step 1, so step 2 can't be restored/,
    );
    await expect(manager.restore({ step: "best" })).rejects.toThrow(/so the best step can't be restored/);
  });

  it("says that nothing tells which step is the best", async () => {
    await using manager = await CheckpointManager.open(await freshFolder());
    await expect(manager.best()).rejects.toThrow(/open the manager with keep\.best, or call best/);
  });

  it("can't be used once it is closed, and can be closed twice", async () => {
    const folder = await freshFolder();
    const manager = await CheckpointManager.open(folder);
    await manager.save(1, { a: 1 });
    await manager.close();
    await manager.close();
    expect(await namesIn(folder)).toEqual(["step-00000001.safetensors"]);
    await expect(manager.save(2, { a: 1 })).rejects.toMatchObject({ code: "ManagerClosed" });
    await expect(manager.restore()).rejects.toThrow(/restore\(\) was called after close\(\)/);
  });

  it("makes no folder before it saves", async () => {
    const folder = join(await freshFolder(), "runs", "7");
    {
      await using manager = await CheckpointManager.open(folder);
      expect(await manager.latest()).toBeUndefined();
    }
    await expect(namesIn(folder)).rejects.toMatchObject({ code: "ENOENT" });
    await using manager = await CheckpointManager.open(folder);
    await manager.save(1, { a: 1 });
  });

  it("replaces a step by its other form, and then has one of them", async () => {
    const folder = await freshFolder();
    for (const [generation, options] of [{}, { maxShardSize: 40_000 }, {}].entries()) {
      await using manager = await CheckpointManager.open(folder, options);
      await manager.save(1, treeOf(generation), { force: true });
      await manager.wait();
      expect(await namesIn(folder)).toHaveLength(2);
      expect(generationOf((await manager.restore()).tree)).toBe(generation);
    }
  });

  it("keeps attribute nodes and passes the options of trees on", async () => {
    await using manager = await CheckpointManager.open(await freshFolder(), {
      objects: "attrs",
      attributes: "object",
    });
    await manager.save(1, { layer: { w: new Float32Array(1) } });
    const { tree } = await manager.restore<{ layer: { w: Tensor } }>();
    expect(tree.layer.w.shape).toEqual([1]);
    const other = await manager.restore({ attributes: "container" });
    expect(other.tree).toBeInstanceOf(PyTreeContainer);
  });

  it("sees what another manager writes", async () => {
    const folder = await freshFolder();
    await using writer = await CheckpointManager.open(folder, { keep: { last: 1 } });
    await using reader = await CheckpointManager.open(folder);
    for (const step of [1, 2]) {
      await writer.save(step, treeOf(step));
      await writer.wait();
      expect((await reader.latest())?.step).toBe(step);
      expect(generationOf((await reader.restore()).tree)).toBe(step);
    }
  });

  it("opens a step without reading its tensors", async () => {
    const folder = await freshFolder();
    await using manager = await CheckpointManager.open(folder);
    await manager.save(1, { w: new Float32Array(1_000_000) });
    await manager.wait();
    await using file = await openSafetensors(join(folder, "step-00000001.safetensors"));
    expect((await manager.steps())[0]?.bytes).toBe(file.byteLength);
  });
});
