// CheckpointManager in a bucket: the same promises as in a folder, and nothing left behind.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointManager, type CheckpointManagerOptions } from "pytree2safetensors/training";
import { describe, equal, it, ok, rejects } from "../runtimes/harness.ts";
import { model, pattern } from "../runtimes/support.ts";
import { startFaultyProxy } from "./faulty-proxy.ts";
import type { S3Server } from "./servers.ts";
import { keysOf, storeOf, uploadsOf } from "./support.ts";

const MIB = 2 ** 20;

const FORMS: readonly [string, CheckpointManagerOptions][] = [
  ["single files", {}],
  ["shards", { maxShardSize: "100kB" }],
];

const stateOf = (step: number) => ({ ...model(), step });

export function trainingTests(server: S3Server): void {
  describe(`CheckpointManager on ${server.name}`, () => {
    for (const [form, options] of FORMS) {
      it(`saves, keeps, restores and locks: ${form}`, async () => {
        const store = storeOf(server, `runs ${form}`);
        const manager = await CheckpointManager.open(store, {
          ...options,
          keep: { last: 2, best: { metric: "loss", mode: "min" } },
        });
        for (const step of [1, 2, 3, 4]) await manager.save(step, stateOf(step), { metrics: { loss: step } });
        await manager.wait();
        equal(
          (await manager.steps()).map(({ step }) => step),
          [1, 3, 4],
          "steps",
        );
        equal((await manager.restore()).tree, stateOf(4), "latest");
        equal((await manager.restore({ step: "best", into: stateOf(0) })).tree, stateOf(1), "best");
        const second = await CheckpointManager.open(store, options);
        await rejects(() => second.save(5, stateOf(5)), "StoreLocked");
        await manager.close();
        ok(await second.save(5, stateOf(5)), "the lock is free");
        await second.close();
        const names = new Set((await keysOf(store)).map((key) => key.slice(0, "step-00000001".length)));
        equal(
          [...names],
          [1, 3, 4, 5].map((step) => `step-0000000${step}`),
          "keys",
        );
        equal(await uploadsOf(server), [], "uploads");
      });
    }

    it("clears the uploads of saves that died, and leaves those of others alone", async () => {
      const store = storeOf(server, "dead uploads", { partBytes: 5 * MIB });
      const begin = async (key: string) => {
        const sink = await store.sink(key);
        await sink.begin?.(20 * MIB);
        await sink.write(pattern(11 * MIB));
        return sink;
      };
      // Never closed: what a killed process leaves.
      await begin("step-00000007.safetensors");
      await begin("step-00000008/model-00001-of-00002.safetensors");
      const foreign = await begin("other.safetensors");
      while ((await uploadsOf(server)).length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      const manager = await CheckpointManager.open(store);
      await manager.save(1, stateOf(1));
      await manager.close();
      equal(await uploadsOf(server), ["dead uploads/other.safetensors"], "uploads");
      await foreign.abort?.();
      equal(await uploadsOf(server), [], "uploads");
    });

    for (const [form, options] of FORMS) {
      it(`restores what is cached for the bytes of its listing and its first read: ${form}`, async () => {
        const store = storeOf(server, `cached ${form}`);
        const manager = await CheckpointManager.open(store, options);
        await manager.save(1, stateOf(1));
        await manager.close();
        const proxy = await startFaultyProxy(server.url, {});
        const cache = mkdtempSync(join(tmpdir(), "pytree2safetensors-cache-"));
        try {
          const received: number[] = [];
          for (const _ of ["first", "again"]) {
            const reader = await CheckpointManager.open(
              storeOf({ ...server, url: proxy.url }, `cached ${form}`),
            );
            await reader.latest();
            const before = proxy.moved.down;
            equal((await reader.restore({ cached: cache })).tree, stateOf(1), "tree");
            received.push(proxy.moved.down - before);
            await reader.close();
          }
          const [first, again] = received as [number, number];
          ok(again < first, `received ${first}, then ${again}`);
        } finally {
          await proxy.close();
          rmSync(cache, { recursive: true, force: true });
        }
      });
    }

    it("loses no step to a network that fails", async () => {
      const faults = { lostRequests: 0.02, lostAnswers: 0.02, slowDown: 0.03 };
      const proxy = await startFaultyProxy(server.url, faults, 5);
      try {
        const store = storeOf({ ...server, url: proxy.url }, "faulty run", { timeout: 1000, retries: 8 });
        const manager = await CheckpointManager.open(store, { keep: { last: 3 } });
        for (let step = 1; step <= 12; step++) await manager.save(step, stateOf(step));
        await manager.wait();
        for (const { step, error } of await manager.steps()) {
          if (error) throw error;
          equal((await manager.restore({ step })).tree, stateOf(step), `step ${step}`);
        }
        equal(
          (await manager.steps()).map(({ step }) => step),
          [10, 11, 12],
          "steps",
        );
        await manager.close();
      } finally {
        await proxy.close();
      }
      equal(await uploadsOf(server), [], "uploads");
    });
  });
}
