import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPytree } from "pytree2safetensors";
import { CheckpointManager } from "pytree2safetensors/training";
import { describe, equal, it, ok, rejects } from "./harness.ts";
import { model } from "./support.ts";

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "pytree2safetensors-training-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `CheckpointManager` over folders: Node, Deno and Bun. */
export function trainingTests(): void {
  describe("CheckpointManager", () => {
    for (const [form, maxShardSize] of [
      ["single files", undefined],
      ["shards", "100kB"],
    ] as const) {
      it(`saves, keeps and restores ${form}`, () =>
        inFolder(async (folder) => {
          const manager = await CheckpointManager.open(folder, {
            keep: { last: 1, best: { metric: "loss", mode: "min" } },
            ...(maxShardSize && { maxShardSize }),
          });
          for (const [step, loss] of [3, 1, 2, Number.NaN].entries())
            ok(await manager.save(step, { ...model(), step }, { metrics: { loss } }), `step ${step}`);
          await manager.wait();
          equal(
            (await manager.steps()).map(({ step, metrics }) => [step, metrics.loss]),
            [
              [1, 1],
              [3, Number.NaN],
            ],
            "steps",
          );
          equal((await manager.restore()).tree, { ...model(), step: 3 }, "the latest");
          equal((await manager.restore({ step: "best" })).step, 1, "the best");
          const second = await CheckpointManager.open(folder);
          const error = await rejects(() => second.save(9, model()), "StoreLocked");
          ok(error.message.includes(`is being written by process ${process.pid} on `), error.message);
          await manager.close();
          const names = (await readdir(folder)).sort();
          equal(names.length, 2, `files: ${names}`);
          if (maxShardSize === undefined)
            equal(await loadPytree(join(folder, names[0]!)), { ...model(), step: 1 }, "a plain file");
        }));
    }

    it("does not wait for a process that is gone", () =>
      inFolder(async (folder) => {
        const first = await CheckpointManager.open(folder);
        await first.save(1, model());
        const lock = JSON.parse(await readFile(join(folder, "manager.lock"), "utf8"));
        await first.close();
        // A process that has ended.
        const { pid } = spawnSync(process.execPath, ["--version"]);
        await writeFile(
          join(folder, "manager.lock"),
          JSON.stringify({ ...lock, id: crypto.randomUUID(), pid }),
        );
        const next = await CheckpointManager.open(folder);
        ok(await next.save(2, model()), "taken");
        await next.close();
      }));
  });
}
