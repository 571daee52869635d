import { describe, expect, it } from "vitest";
import { runAll } from "../../src/io/run-all.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("runAll", () => {
  it("gives the results in order, with so many tasks at once", async () => {
    let running = 0;
    let most = 0;
    const task = async (item: number, index: number) => {
      most = Math.max(most, ++running);
      for (let i = item % 3; i >= 0; i--) await turn();
      running--;
      return [item, index];
    };
    const items = Array.from({ length: 20 }, (_, i) => i * 10);
    expect(await runAll(items, 4, task)).toEqual(items.map((item, i) => [item, i]));
    expect(most).toBe(4);
    expect(await runAll([], 4, task)).toEqual([]);
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
    const failing = runAll(Array.from({ length: 1000 }), 8, async (_, index) => {
      started++;
      await turn();
      throw new Error(`no ${index}`);
    });
    await expect(failing).rejects.toThrow("no 0");
    expect(started).toBe(8);
  });
});
