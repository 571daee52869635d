import { execFileSync } from "node:child_process";
import { chmod, chown, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointManager } from "pytree2safetensors/training";
import { describe, expect, it, onTestFinished } from "vitest";
import { failure, interrupted, savingChild } from "../checkpoint/support.ts";
import { mayMount, smallDisk } from "../io/disks.ts";
import { openFilesIn } from "../io/support.ts";
import { generationOf, treeOf } from "../reliability/death/generation.ts";
import { FORMS, freshFolder, heldUp, namesIn } from "./support.ts";

const runChild = savingChild(new URL("faults-child.ts", import.meta.url));
const onLinux = process.platform === "linux";

describe.each(FORMS)("a fault while saving $form", ({ options }) => {
  const stepsIn = async (folder: string) => {
    const manager = await CheckpointManager.open(folder, options);
    const steps = await manager.steps();
    for (const { step } of steps) expect(generationOf((await manager.restore({ step })).tree)).toBe(step);
    await manager.close();
    return steps.map(({ step }) => step);
  };

  it.runIf(mayMount())("a full disk: wait says so, the old steps stay, and the next save works", async () => {
    // Room for one step and a half.
    const folder = await smallDisk(131_072);
    await using manager = await CheckpointManager.open(folder, { ...options, keep: { last: 1 } });
    await manager.save(1, treeOf(1));
    await manager.wait();
    expect(await manager.save(2, treeOf(2))).toBe(true);
    const error = await failure(() => manager.wait());
    expect(error).toMatchObject({ code: "WriteError" });
    expect(error.message).toMatch(
      /^step 2: can't write .*: the disk is full; free some space or save elsewhere$/,
    );
    expect((await manager.restore()).step).toBe(1);
    // It was thrown once.
    await manager.wait();
    execFileSync("mount", ["-o", "remount,size=1048576", folder]);
    expect(await manager.save(2, treeOf(2))).toBe(true);
    await manager.wait();
    expect((await manager.steps()).map(({ step }) => step)).toEqual([2]);
    expect(openFilesIn(folder)).toEqual([]);
  });

  it("a folder that is gone: wait says so, and the next save makes it anew", async () => {
    const parent = await freshFolder();
    const folder = join(parent, "run");
    const manager = await CheckpointManager.open(folder, options);
    await manager.save(1, treeOf(1));
    await manager.wait();
    const tree = await interrupted(treeOf(2), () => rm(folder, { recursive: true, force: true }));
    await manager.save(2, tree);
    const error = await failure(() => manager.wait());
    expect(error.message).toMatch(/^step 2: can't write .*: no such file or folder.*/);
    await manager.save(3, treeOf(3));
    await manager.close();
    expect(await stepsIn(folder)).toEqual([3]);
  });

  it("a folder that is a file: the first save says so", async () => {
    const file = join(await freshFolder(), "run");
    await writeFile(file, "mine");
    await expect(
      CheckpointManager.open(file, options).then((manager) => manager.save(1, treeOf(1))),
    ).rejects.toThrow(/can't make the folder .*|it is a file/);
  });

  it("a leaf that fails: the next save says so, once, and the one after it works", async () => {
    const folder = await freshFolder();
    const manager = await CheckpointManager.open(folder, options);
    await manager.save(1, treeOf(1));
    const tree = await interrupted(treeOf(2), () => {
      throw new Error("the graphics card is gone");
    });
    await manager.save(2, tree);
    // Waits for what is being written, and throws nothing of it.
    await manager.restore({ step: 1 });
    const error = await failure(() => manager.save(3, treeOf(3)));
    expect(error.message).toMatch(/^step 2: the leaf at \['layers'\].*: the graphics card is gone$/);
    expect(await manager.save(3, treeOf(3))).toBe(true);
    await manager.close();
    expect(await stepsIn(folder)).toEqual([1, 3]);
  });

  it("several failures come as one error that names them all, and close lets go of the folder all the same", async () => {
    const folder = await freshFolder();
    const manager = await CheckpointManager.open(folder, options);
    const saves: Promise<boolean>[] = [];
    for (const step of [1, 2]) {
      const tree = await interrupted(treeOf(step), () => {
        throw new Error(`fault ${step}`);
      });
      saves.push(manager.save(step, tree));
    }
    await Promise.all(saves);
    const error = await failure(() => manager.close());
    expect(error.message).toMatch(
      /^2 saves failed: step 1: the leaf .*: fault 1; step 2: the leaf .*: fault 2$/,
    );
    expect(error.faults).toHaveLength(2);
    expect(await namesIn(folder)).toEqual([]);
  });

  it("onError gets what failed, and nothing is thrown unless it throws", async () => {
    const folder = await freshFolder();
    const errors: [string, number][] = [];
    let isFatal = false;
    const manager = await CheckpointManager.open(folder, {
      ...options,
      onError: (error, step) => {
        errors.push([error.message, step]);
        if (isFatal) throw error;
      },
    });
    const failing = () =>
      interrupted(treeOf(2), () => {
        throw new Error("no");
      });
    await manager.save(2, await failing());
    await manager.wait();
    await manager.save(3, treeOf(3));
    await manager.wait();
    isFatal = true;
    await manager.save(4, await failing());
    await expect(manager.wait()).rejects.toThrow(/^step 4: the leaf .*: no$/);
    expect(errors).toEqual([
      [expect.stringMatching(/^step 2: the leaf .*: no$/), 2],
      [expect.stringMatching(/^step 4: the leaf .*: no$/), 4],
    ]);
    await manager.close();
    expect(await stepsIn(folder)).toEqual([3]);
  });

  it("an abort: the step is as if it had never been saved, and wait rejects with its reason", async () => {
    const folder = await freshFolder();
    const manager = await CheckpointManager.open(folder, options);
    const controller = new AbortController();
    const { signal } = controller;
    const tree = await interrupted(treeOf(1), () => controller.abort("enough"));
    await manager.save(1, tree, { signal });
    await expect(manager.wait()).rejects.toBe("enough");
    await expect(manager.save(1, treeOf(1), { signal })).rejects.toBe("enough");
    await manager.save(1, treeOf(1));
    await manager.close();
    expect(await stepsIn(folder)).toEqual([1]);
  });

  it.runIf(onLinux)("a step that can't be removed: a warning, and the new step is there", async () => {
    const folder = await freshFolder();
    const warnings: string[] = [];
    const manager = await CheckpointManager.open(folder, {
      ...options,
      keep: { last: 1 },
      onWarning: ({ message }) => warnings.push(message),
    });
    await manager.save(1, treeOf(1));
    await manager.wait();
    const old = join(folder, (await readdir(folder)).find((name) => name.startsWith("step"))!);
    // A mount can't be removed, whoever asks for it.
    if (!mayMount()) return void (await manager.close());
    const main = options.maxShardSize === undefined ? old : join(old, "model.safetensors.index.json");
    execFileSync("mount", ["--bind", main, main]);
    onTestFinished(() => void execFileSync("umount", [main]));
    await manager.save(2, treeOf(2));
    await manager.close();
    expect(warnings).toEqual([
      expect.stringMatching(/^step 2 is saved, but an old step could not be removed: can't remove .*/),
    ]);
    expect(await stepsIn(folder)).toEqual([1, 2]);
  });

  it.runIf(onLinux && process.getuid?.() === 0)(
    "a folder that may not be written: the first save says so",
    async () => {
      const folder = await freshFolder();
      await chown(folder, 65_534, 65_534);
      await chmod(folder, 0o555);
      expect(await runChild(folder, { ...options, user: 65_534 })).toMatch(
        /^WriteError: can't write .*: permission denied/,
      );
      expect(await namesIn(folder)).toEqual([]);
    },
  );

  it.runIf(onLinux)("a limit to the size of files: single files say so, shards fit", async () => {
    const folder = await freshFolder();
    const output = await runChild(folder, { ...options, prefix: "ulimit -f 60 &&" });
    if (options.maxShardSize !== undefined) expect(output).toBe("saved");
    else
      expect(output).toMatch(
        /^WriteError: step 1: can't write .*: the file is larger .*; save in shards or elsewhere$/,
      );
    expect(await stepsIn(folder)).toEqual(options.maxShardSize === undefined ? [] : [1]);
  });

  it("a second manager: it is told, whatever state the first one is in, and its snapshot is let go of", async () => {
    const folder = await freshFolder();
    const first = await CheckpointManager.open(folder, options);
    const second = await CheckpointManager.open(folder, options);
    const held = await heldUp(treeOf(1));
    await first.save(1, held.tree);
    await expect(second.save(2, treeOf(2))).rejects.toMatchObject({ code: "StoreLocked" });
    // What is being written is no step yet, and nobody clears it.
    await (await CheckpointManager.open(folder, options)).close();
    expect(await second.steps()).toEqual([]);
    held.letGo();
    await first.close();
    expect(await second.save(2, treeOf(2))).toBe(true);
    await second.close();
    expect(await stepsIn(folder)).toEqual([1, 2]);
  });

  it("a step that is removed while another process lists it is left out", async () => {
    const folder = await freshFolder();
    const manager = await CheckpointManager.open(folder, options);
    for (const step of [1, 2]) await manager.save(step, treeOf(step));
    await manager.wait();
    const reader = await CheckpointManager.open(folder, options);
    const names = (await namesIn(folder)).filter((name) => name.startsWith("step"));
    const reading = reader.steps();
    await rename(join(folder, names[1]!), join(folder, "elsewhere"));
    expect((await reading).every(({ error }) => error === undefined)).toBe(true);
    expect((await reader.restore()).step).toBe(1);
    await manager.close();
  });
});
