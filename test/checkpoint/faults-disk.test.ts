import { execFileSync } from "node:child_process";
import { chmod, chown, lstat, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LazyTensor, loadPytree, openSafetensors, savePytree } from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { mayMount, smallDisk } from "../io/disks.ts";
import { freshFolder, openFilesIn } from "../io/support.ts";
import { generationOf, SHARD_BYTES, treeOf } from "../reliability/death/generation.ts";
import { failure, interrupted, savingChild } from "./support.ts";

const FILE = "state.safetensors";
const INDEX = "model.safetensors.index.json";

/** Both ways to save: one file, and a folder of shards. */
const KINDS = [
  { kind: "a file", options: {}, targetIn: (folder: string) => join(folder, FILE), name: FILE },
  {
    kind: "shards",
    options: { maxShardSize: SHARD_BYTES },
    targetIn: (folder: string) => folder,
    name: INDEX,
  },
] as const;
type Kind = (typeof KINDS)[number];

const save = ({ options, targetIn }: Kind, folder: string, generation: number) =>
  savePytree(treeOf(generation), targetIn(folder), options);

const saved = async ({ name }: Kind, folder: string) => generationOf(await loadPytree(join(folder, name)));

const runChild = savingChild(new URL("faults-child.ts", import.meta.url));
const onLinux = process.platform === "linux";

describe.each(KINDS.map((kind) => [kind.kind, kind] as const))("%s on a disk with faults", (_, kind) => {
  it.runIf(mayMount())(
    "stays the old one when the disk fills up, and can be saved once there is room",
    async () => {
      // Room for one checkpoint and a half.
      const folder = await smallDisk(131_072);
      await save(kind, folder, 0);
      const before = (await readdir(folder)).sort();
      const error = await failure(() => save(kind, folder, 2));
      expect(error).toMatchObject({ code: "WriteError", cause: { code: "ENOSPC" } });
      expect(error.message).toMatch(/the disk is full; free some space or save elsewhere/);
      expect(error.source).toContain(folder);
      expect((await readdir(folder)).sort()).toEqual(before);
      expect(openFilesIn(folder)).toEqual([]);
      expect(await saved(kind, folder)).toBe(0);

      execFileSync("mount", ["-o", "remount,size=1048576", folder]);
      await save(kind, folder, 2);
      expect(await saved(kind, folder)).toBe(2);
      expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    },
  );

  it.runIf(mayMount())("stays the old one when the disk turns read-only", async () => {
    const folder = await smallDisk(1_048_576);
    await save(kind, folder, 1);
    const before = await readdir(folder);
    execFileSync("mount", ["-o", "remount,ro", folder]);
    const error = await failure(() => save(kind, folder, 2));
    expect(error).toMatchObject({ code: "WriteError", cause: { code: "EROFS" } });
    expect(error.message).toMatch(/read-only; save elsewhere/);
    expect(await readdir(folder)).toEqual(before);
    expect(await saved(kind, folder)).toBe(1);
  });

  it.runIf(onLinux)("stays the old one when the permission to write is lost", async () => {
    const folder = await freshFolder();
    await save(kind, folder, 1);
    const before = await readdir(folder);
    const user = 65_534;
    // Root may write anywhere, so another user tries, the folder's owner.
    if (process.getuid?.() === 0) await chown(folder, user, user);
    await chmod(folder, 0o555);
    const output = await runChild(kind.targetIn(folder), {
      ...kind.options,
      user: process.getuid?.() === 0 ? user : undefined,
    });
    await chmod(folder, 0o755);
    expect(output).toMatch(/^WriteError: can't write .*: permission denied; check its rights/);
    expect(await readdir(folder)).toEqual(before);
    expect(await saved(kind, folder)).toBe(1);
  });

  it("is an error when its folder is removed while it is saved", async () => {
    const parent = await freshFolder();
    const folder = join(parent, "folder");
    await mkdir(folder);
    const tree = await interrupted(treeOf(2), () => rm(folder, { recursive: true, force: true }));
    const error = await failure(() => savePytree(tree, kind.targetIn(folder), kind.options));
    expect(error).toMatchObject({ code: "WriteError", cause: { code: "ENOENT" } });
    expect(error.message).toMatch(/no such file or folder/);
    expect(openFilesIn(parent)).toEqual([]);
    expect(await readdir(parent)).toEqual([]);
  });

  it("stays the old one when a leaf fails in the middle", async () => {
    const folder = await freshFolder();
    await save(kind, folder, 1);
    const before = (await readdir(folder)).sort();
    const tree = await interrupted(treeOf(2), () => {
      throw new Error("the graphics card is gone");
    });
    await expect(savePytree(tree, kind.targetIn(folder), kind.options)).rejects.toThrow("graphics card");
    expect((await readdir(folder)).sort()).toEqual(before);
    expect(openFilesIn(folder)).toEqual([]);
    expect(await saved(kind, folder)).toBe(1);
  });

  it("stays the old one when it is aborted in the middle", async () => {
    const folder = await freshFolder();
    await save(kind, folder, 1);
    const before = (await readdir(folder)).sort();
    const controller = new AbortController();
    const tree = await interrupted(treeOf(2), () => controller.abort("enough"));
    const saving = savePytree(tree, kind.targetIn(folder), { ...kind.options, signal: controller.signal });
    await expect(saving).rejects.toBe("enough");
    expect((await readdir(folder)).sort()).toEqual(before);
    expect(openFilesIn(folder)).toEqual([]);
    expect(await saved(kind, folder)).toBe(1);
  });

  it("is whole, one of them, after many saves at once", async () => {
    const folder = await freshFolder();
    for (const first of [0, 8]) {
      const generations = Array.from({ length: 8 }, (_, i) => first + i);
      await Promise.all(generations.map((generation) => save(kind, folder, generation)));
      expect(generations).toContain(await saved(kind, folder));
      expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    }
    // What lost its race is no part of the checkpoint, and goes once it is old; one file leaves nothing.
    if (kind.kind === "a file") expect(await readdir(folder)).toEqual([FILE]);
    expect(openFilesIn(folder)).toEqual([]);
  });

  it("is read on as it was while a save replaces it", async () => {
    const folder = await freshFolder();
    await save(kind, folder, 1);
    await using file = await openSafetensors(join(folder, kind.name));
    const lazy = await loadPytree(file, { lazy: true });
    for (const generation of [2, 3]) await save(kind, folder, generation);
    const values = await Promise.all(file.names.map((name) => file.tensor(name)));
    expect(
      values.filter(({ dtype }) => dtype === "F32").every(({ data }) => data.every((x: unknown) => x === 1)),
    ).toBe(true);
    expect(generationOf(await loadPytree(file))).toBe(1);
    expect(await loadAll(lazy)).toBe(1);
    expect(await saved(kind, folder)).toBe(3);
  });

  it("takes a tree whose lazy leaves still read from it", async () => {
    const folder = await freshFolder();
    await save(kind, folder, 1);
    for (let round = 0; round < 3; round++) {
      const tree = await loadPytree(join(folder, kind.name), { lazy: true });
      await savePytree(tree, kind.targetIn(folder), kind.options);
      expect(await saved(kind, folder)).toBe(1);
      // The leaves read the file that is gone from the folder.
      expect(await loadAll(tree)).toBe(1);
    }
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("a target that is none", () => {
  it.each(["folder", "link to a folder"])("is refused: a %s in place of a file", async (name) => {
    const folder = await freshFolder();
    await mkdir(join(folder, "folder"));
    await symlink("folder", join(folder, "link to a folder"));
    const error = await failure(() => savePytree(treeOf(1), join(folder, name)));
    expect(error.code).toBe("WriteError");
    expect(error.message).toMatch(/it is a folder; name a file in it/);
    expect(await readdir(folder)).toHaveLength(2);
  });

  it("is refused: a file in place of a folder of shards", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "file"), "mine");
    for (const name of ["file", "file/below"]) {
      const saving = savePytree(treeOf(1), join(folder, name), { maxShardSize: SHARD_BYTES });
      expect(await failure(() => saving)).toMatchObject({ code: "WriteError" });
    }
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("is refused: a folder in place of the index of shards, and the shards go again", async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, INDEX));
    const error = await failure(() => savePytree(treeOf(1), folder, { maxShardSize: SHARD_BYTES }));
    expect(error).toMatchObject({ code: "WriteError" });
    expect(await readdir(folder)).toEqual([INDEX]);
  });

  it("is a link, which is replaced, and its target left as it was", async () => {
    const folder = await freshFolder();
    await savePytree(treeOf(1), join(folder, "target"));
    await symlink("target", join(folder, "link"));
    await symlink("nowhere", join(folder, "dangling"));
    for (const name of ["link", "dangling"]) {
      await savePytree(treeOf(2), join(folder, name));
      expect((await lstat(join(folder, name))).isFile()).toBe(true);
      expect(generationOf(await loadPytree(join(folder, name)))).toBe(2);
    }
    expect(generationOf(await loadPytree(join(folder, "target")))).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(["dangling", "link", "target"]);
  });
});

describe("a limit to the size of files", () => {
  it.runIf(onLinux)("leaves the old file, and its advice to save in shards is good", async () => {
    const folder = await freshFolder();
    const target = join(folder, FILE);
    await savePytree(treeOf(1), target);
    const output = await runChild(target, { prefix: "ulimit -f 60 &&" });
    expect(output).toMatch(
      /^WriteError: can't write .*: the file is larger .*; save in shards or elsewhere$/,
    );
    expect(await readdir(folder)).toEqual([FILE]);
    expect(generationOf(await loadPytree(target))).toBe(1);

    const shards = join(folder, "shards");
    expect(await runChild(shards, { maxShardSize: SHARD_BYTES, prefix: "ulimit -f 60 &&" })).toBe("saved");
    expect(generationOf(await loadPytree(join(shards, INDEX)))).toBe(2);
  });
});

/** The generation of a lazy tree, once all of its leaves are read. */
async function loadAll(tree: unknown): Promise<number> {
  const visit = async (value: unknown): Promise<unknown> => {
    if (value instanceof LazyTensor) return value.load();
    if (Array.isArray(value)) return Promise.all(value.map(visit));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(async ([key, child]) => [key, await visit(child)] as const);
    return Object.fromEntries(await Promise.all(entries));
  };
  return generationOf(await visit(tree));
}
