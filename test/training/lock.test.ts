import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointManager } from "pytree2safetensors/training";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/io/stores/memory.ts";
import { takeLock } from "../../src/training/lock.ts";
import { objectPlace } from "../../src/training/lock-object.ts";
import { failure } from "../checkpoint/support.ts";
import { freshFolder, namesIn } from "./support.ts";

const LOCK = "manager.lock";

/** A process that has ended, and its number. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.once("close", resolve));
  return child.pid!;
}

/** The lock of a folder as this process writes it, with other fields. */
async function forgeLock(folder: string, fields: object): Promise<void> {
  const manager = await CheckpointManager.open(folder);
  await manager.save(0, { a: 1 }, { force: true });
  const own = JSON.parse(await readFile(join(folder, LOCK), "utf8")) as object;
  await manager.close();
  await writeFile(join(folder, LOCK), JSON.stringify({ ...own, id: crypto.randomUUID(), ...fields }));
}

describe("the lock of a folder", () => {
  it("is taken by the first save, names its process to a second writer, and is let go of by close", async () => {
    const folder = await freshFolder();
    const first = await CheckpointManager.open(folder);
    const second = await CheckpointManager.open(folder);
    expect(await namesIn(folder)).toEqual([]);
    await first.save(1, { a: 1 });
    const error = await failure(() => second.save(2, { a: 2 }));
    expect(error.code).toBe("StoreLocked");
    expect(error.message).toMatch(
      new RegExp(
        `^${folder} is being written by process ${process.pid} on .+; close that manager, or use another folder$`,
      ),
    );
    // Reading needs no lock.
    await first.wait();
    expect((await second.restore()).step).toBe(1);
    await first.close();
    expect(await second.save(2, { a: 2 })).toBe(true);
    await second.close();
    expect(await namesIn(folder)).toEqual(["step-00000001.safetensors", "step-00000002.safetensors"]);
  });

  it("is not kept by a process that is gone", async () => {
    const folder = await freshFolder();
    await forgeLock(folder, { pid: await deadProcess() });
    await using manager = await CheckpointManager.open(folder);
    await manager.save(1, { a: 1 });
  });

  it.runIf(process.platform === "linux")(
    "is not kept by another process that has the number now",
    async () => {
      const folder = await freshFolder();
      await forgeLock(folder, { pid: process.ppid, started: "1" });
      await using manager = await CheckpointManager.open(folder);
      await manager.save(1, { a: 1 });
    },
  );

  it("is kept by a process of another machine as long as it gives signs", async () => {
    const folder = await freshFolder();
    await forgeLock(folder, { who: "process 7 on far\u001b[31m", machine: "far" });
    await using manager = await CheckpointManager.open(folder);
    const error = await failure(() => manager.save(1, { a: 1 }));
    expect(error.message).toContain("is being written by process 7 on far\\u001b[31m;");
  });

  it("is held for a while by a file that can't be read", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, LOCK), "\0");
    await using manager = await CheckpointManager.open(folder);
    await expect(manager.save(1, { a: 1 })).rejects.toThrow(/is being written by whoever wrote/);
  });

  it("is taken by one of many that find it dead at once", async () => {
    const folder = await freshFolder();
    for (let round = 0; round < 5; round++) {
      await forgeLock(folder, { pid: await deadProcess() });
      const managers = await Promise.all(Array.from({ length: 8 }, () => CheckpointManager.open(folder)));
      const saves = await Promise.allSettled(managers.map((manager) => manager.save(round + 1, { round })));
      expect(saves.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      await Promise.all(managers.map((manager) => manager.close()));
      await (await CheckpointManager.open(folder)).close();
      expect((await namesIn(folder)).filter((name) => name.startsWith(LOCK))).toEqual([]);
    }
  });

  it("that was taken away is noticed before the next step is written", async () => {
    const folder = await freshFolder();
    const manager = await CheckpointManager.open(folder);
    await manager.save(1, { a: 1 });
    await manager.wait();
    const own = JSON.parse(await readFile(join(folder, LOCK), "utf8")) as object;
    await writeFile(
      join(folder, LOCK),
      JSON.stringify({ ...own, id: crypto.randomUUID(), who: "the thief" }),
    );
    await manager.save(2, { a: 2 });
    await expect(manager.wait()).rejects.toThrow(/^step 2: .* is being written by the thief/);
    await manager.close();
    // Another's lock stays.
    expect(await namesIn(folder)).toEqual([LOCK, "step-00000001.safetensors"]);
  });

  it("is not needed to open a folder that can't be written", async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, LOCK));
    await writeFile(join(folder, "notes.txt"), "mine");
    await using manager = await CheckpointManager.open(folder);
    expect(await manager.steps()).toEqual([]);
    await expect(manager.save(1, { a: 1 })).rejects.toMatchObject({ code: "WriteError" });
  });
});

describe("the lock of any store", () => {
  it("is an object in it, held by one of many", async () => {
    const store = memoryStore();
    const taken = await Promise.allSettled(
      Array.from({ length: 6 }, () => takeLock(objectPlace(store), "write")),
    );
    const held = taken.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    expect(held).toHaveLength(1);
    await expect(takeLock(objectPlace(store), "write")).rejects.toMatchObject({ code: "StoreLocked" });
    await held[0]!.verify();
    await held[0]!.release();
    const next = await takeLock(objectPlace(store), "write");
    await expect(held[0]!.verify()).rejects.toMatchObject({ code: "StoreLocked" });
    await next.release();
  });

  it("lets a writer wait for one that only clears", async () => {
    const store = memoryStore();
    const clearing = await takeLock(objectPlace(store), "clear");
    const writing = takeLock(objectPlace(store), "write");
    await expect(takeLock(objectPlace(store), "clear")).rejects.toMatchObject({ code: "StoreLocked" });
    setTimeout(() => clearing.release(), 60);
    await (await writing).release();
  });
});
