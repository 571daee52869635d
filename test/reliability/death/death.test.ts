import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { savePytree } from "pytree2safetensors";
import { describe, expect, it, onTestFinished } from "vitest";
import { bundleProgram } from "../../programs.ts";
import { treeOf } from "./generation.ts";
import { killSaves, SAVER } from "./kill.ts";

// A few times here, hundreds of times in `npm run test:kill`.
describe("a program that is killed while it saves", () => {
  it("leaves one whole file, the last or the next, and litter that a later save clears", async () => {
    expect(await killSaves({ kind: "file", flush: true, kills: 4 })).toMatchObject({ kills: 4 });
  });

  it("leaves one whole sharded checkpoint, the last or the next, and litter that a later save clears", async () => {
    expect(await killSaves({ kind: "shards", flush: true, kills: 2 })).toMatchObject({ kills: 2 });
  });
});

describe("a program that is stopped while it saves", () => {
  it.runIf(process.platform === "linux").each(["file", "shards"] as const)(
    "keeps its files, however old, and goes on when it is woken (%s)",
    async (kind) => {
      const scratch = await mkdtemp(join(tmpdir(), "pytree2safetensors-stop-"));
      const folder = join(scratch, "checkpoints");
      await savePytree(treeOf(0), folder, { maxShardSize: 1_000_000, shardName: "other" });
      const target = kind === "file" ? join(folder, "state.safetensors") : folder;
      const options = kind === "shards" ? { maxShardSize: 40_000 } : {};
      const child = spawn(process.execPath, [
        await bundleProgram(SAVER, scratch),
        target,
        "1",
        kind,
        "flush",
      ]);
      onTestFinished(async () => {
        child.kill("SIGKILL");
        await rm(scratch, { recursive: true, force: true });
      });
      let said = 0;
      child.stdout.on("data", (text: Buffer) => {
        said += text.toString().split("\n").length - 1;
      });
      const temporaries = async () => (await readdir(folder)).filter((name) => name.endsWith(".tmp"));
      // Stopped in the middle of a save, sooner or later.
      while ((await temporaries()).length === 0 || said === 0) {
        child.kill("SIGCONT");
        await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 10));
        child.kill("SIGSTOP");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const before = await readdir(folder);
      const own = await temporaries();
      const old = new Date(Date.now() - 2 * 3_600_000);
      await Promise.all(before.map((name) => utimes(join(folder, name), old, old)));
      await savePytree(treeOf(1_000), target, options);
      expect(await readdir(folder)).toEqual(expect.arrayContaining(own));
      const saidBefore = said;
      child.kill("SIGCONT");
      await expect.poll(() => said, { timeout: 20_000 }).toBeGreaterThan(saidBefore + 1);
    },
  );
});
