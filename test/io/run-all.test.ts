import { describe, expect, it } from "vitest";
import { runAll } from "../../src/io/run-all.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("runAll", () => {
  it("runs the task once for each item, with so many at once", async () => {
    let running = 0;
    let most = 0;
    const started: number[] = [];
    const task = async (item: number) => {
      started.push(item);
      most = Math.max(most, ++running);
      for (let i = item % 3; i >= 0; i--) await turn();
      running--;
    };
    const items = Array.from({ length: 20 }, (_, i) => i * 10);
    await runAll(items.values(), 4, task);
    expect(started).toEqual(items);
    expect([most, running]).toEqual([4, 0]);
    await runAll([], 4, task);
    expect(started).toEqual(items);
  });

  it("starts nothing more once a task has failed, and waits for those under way", async () => {
    const ended: number[] = [];
    const started: number[] = [];
    const running = runAll([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3, async (item) => {
      started.push(item);
      for (let i = 0; i < item * 3; i++) await turn();
      ended.push(item);
      if (item === 1) throw new Error(`no ${item}`);
    });
    await expect(running).rejects.toThrow("no 1");
    expect(started).toEqual([0, 1, 2, 3]);
    expect(ended.sort()).toEqual([0, 1, 2, 3]);
  });

  it("opens a few of many files that all fail, and throws what the first one did", async () => {
    let started = 0;
    const items = Array.from({ length: 1000 }, (_, i) => i);
    const task = async (item: number) => {
      started++;
      await turn();
      throw new Error(`no ${item}`);
    };
    await expect(runAll(items, 8, task)).rejects.toThrow("no 0");
    expect(started).toBe(8);
    const all = (failures: readonly unknown[]) => {
      throw new Error(failures.map((failure) => (failure as Error).message).join());
    };
    await expect(runAll(items, 2, task, all)).rejects.toThrow("no 0,no 1");
  });

  it("starts no more when the items can't be had", async () => {
    const items = function* () {
      yield 1;
      throw new Error("no more items");
    };
    await expect(runAll(items(), 2, turn)).rejects.toThrow("no more items");
  });
});
