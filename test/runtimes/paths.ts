import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  loadFile,
  loadPytree,
  openSafetensors,
  save,
  saveFile,
  savePytree,
  setWeights,
  type Tensor,
} from "pytree2safetensors";
import { describe, equal, it, ok, rejects } from "./harness.ts";
import { model } from "./support.ts";

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "pytree2safetensors-runtimes-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Files, folders and handles: Node, Deno and Bun. */
export function pathTests(): void {
  describe("paths", () => {
    it("save and load: strings, file URLs, handles", () =>
      inFolder(async (folder) => {
        const path = join(folder, "model.safetensors");
        await savePytree(model(), path);
        equal(await loadPytree(path), model(), "path");
        equal(await loadPytree(pathToFileURL(path)), model(), "file URL");
        equal(await loadPytree(pathToFileURL(path).href), model(), "file URL as a string");
        const handle = await open(path, "r");
        equal(await loadPytree(handle), model(), "handle");
        await handle.close();
        await savePytree(model(), pathToFileURL(join(folder, "url.safetensors")));
        ok(readFileSync(join(folder, "url.safetensors")).equals(readFileSync(path)), "same bytes");
        const written = await open(join(folder, "handle.safetensors"), "w");
        await savePytree(model(), written);
        await written.close();
        ok(readFileSync(join(folder, "handle.safetensors")).equals(readFileSync(path)), "same bytes");
      }));

    it("load one tensor, a slice, a lazy tree", () =>
      inFolder(async (folder) => {
        const path = join(folder, "model.safetensors");
        await savePytree(model(), path);
        const file = await openSafetensors(path);
        ok((await file.tensor("@layers#4@b")).equals(model().layers[4]!.b), "tensor");
        equal((await file.slice("@embedding", [[3, 5], 7])).shape, [2], "slice");
        await file.close();
        const lazy = await loadPytree(path, { lazy: true });
        await savePytree(lazy, join(folder, "copy.safetensors"));
        ok(
          readFileSync(join(folder, "copy.safetensors")).equals(readFileSync(path)),
          "copied from file to file",
        );
        const leaf = (lazy as { embedding: { file: { close(): Promise<void> } } }).embedding;
        await leaf.file.close();
      }));

    it("replace a file at once and whole: an abort leaves the old one and no litter", () =>
      inFolder(async (folder) => {
        const path = join(folder, "model.safetensors");
        await saveFile({ old: new Float32Array(4) }, path);
        const old = readFileSync(path);
        const controller = new AbortController();
        await rejects(
          () =>
            savePytree(model(), path, {
              signal: controller.signal,
              onProgress: () => controller.abort(),
            }),
          "AbortError",
        );
        ok(readFileSync(path).equals(old), "the old file");
        equal(readdirSync(folder), ["model.safetensors"], "no temporary file");
        await savePytree(model(), path, { flush: false });
        equal(await loadPytree(path), model(), "the new file");
        equal(readdirSync(folder), ["model.safetensors"], "no temporary file");
      }));

    it("keep a file's mode, and replace a link rather than its target", () =>
      inFolder(async (folder) => {
        const path = join(folder, "model.safetensors");
        writeFileSync(path, "old", { mode: 0o640 });
        await saveFile({ x: new Float32Array(1) }, path);
        if (process.platform === "win32") return; // has neither modes nor links for everyone
        equal(statSync(path).mode & 0o777, 0o640, "mode");
        const link = join(folder, "link.safetensors");
        symlinkSync(path, link);
        const target = readFileSync(path);
        await saveFile({ y: new Float32Array(2) }, link);
        ok(!lstatSync(link).isSymbolicLink(), "no link any more");
        ok(readFileSync(path).equals(target), "the target");
      }));

    it("open a folder by the one checkpoint in it", () =>
      inFolder(async (folder) => {
        await savePytree(model(), join(folder, "model.safetensors"));
        equal(await loadPytree(folder), model(), "tree");
        await savePytree(model(), join(folder, "other.safetensors"));
        const error = await rejects(() => loadPytree(folder), "UnsupportedSource");
        ok(/model\.safetensors.*other\.safetensors/.test(error.message), error.message);
      }));

    it("refuse a folder without a checkpoint, a file that is not there, a tree that can't be saved", () =>
      inFolder(async (folder) => {
        await rejects(() => loadPytree(folder), "UnsupportedSource");
        await rejects(() => loadPytree(join(folder, "nothing")), "IoError");
        await rejects(() => savePytree({ x: Symbol("x") }, join(folder, "x")), "UnsupportedLeaf");
        ok(!existsSync(join(folder, "x")), "nothing is written");
      }));

    it("save and load sharded checkpoints", () =>
      inFolder(async (folder) => {
        const target = join(folder, "made", "for", "it");
        await savePytree({ ...model(), step: 3 }, target, { maxShardSize: "20kB" });
        const files = readdirSync(target);
        ok(files.length > 3, "shards and an index");
        ok(files.includes("model.safetensors.index.json"), "the index's customary name");
        const index = join(target, "model.safetensors.index.json");
        equal(await loadPytree(index), { ...model(), step: 3 }, "tree");
        equal(await loadPytree(target), { ...model(), step: 3 }, "by its folder");
        const dict = await loadFile(index, { select: "@layers#11" });
        equal(Object.keys(dict).sort(), ["@layers#11@b", "@layers#11@w"], "selected");
        await savePytree(model(), target, { maxShardSize: "1MB" });
        equal(readdirSync(target).length, 2, "the old shards are gone");
        equal(await loadPytree(index), model(), "the new tree");
        await rm(join(target, readdirSync(target).find((name) => name.endsWith(".safetensors"))!));
        await rejects(() => loadPytree(index), "MissingShard");
      }));

    it("write what `save` returns", () =>
      inFolder(async (folder) => {
        const dict: Record<string, Tensor> = { w: model().layers[0]!.w, b: model().layers[0]!.b };
        const path = join(folder, "dict.safetensors");
        await saveFile(dict, path, { metadata: { format: "pt" } });
        ok(readFileSync(path).equals(save(dict, { metadata: { format: "pt" } })), "same bytes");
        equal(
          setWeights({ w: null, b: null }, {}, { onReport: () => {} }),
          { w: null, b: null },
          "nothing to set",
        );
      }));
  });
}
