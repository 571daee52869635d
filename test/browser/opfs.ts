import {
  LazyTensor,
  loadFile,
  loadPytree,
  openSafetensors,
  type SyncAccessHandleLike,
  saveFile,
  savePytree,
  Tensor,
} from "pytree2safetensors";
import { describe, equal, it, ok, rejects } from "../runtimes/harness.ts";
import { floats, model } from "../runtimes/support.ts";
import { inFolder, namesIn } from "./folders.ts";

/** The origin private file system, by handles: pages and workers. */
export function opfsTests(): void {
  describe("OPFS", () => {
    it("saves and loads", () =>
      inFolder(async (folder) => {
        const handle = await folder.getFileHandle("model.safetensors", { create: true });
        await savePytree({ ...model(), step: 7 }, handle);
        equal(await loadPytree(handle), { ...model(), step: 7 }, "tree");
        const file = await openSafetensors(handle);
        ok((await file.tensor("@layers#4@w")).equals(model().layers[4]!.w), "tensor");
        equal((await file.slice("@embedding", [[1, 3]])).shape, [2, 96], "slice");
        equal(await loadPytree(await handle.getFile()), { ...model(), step: 7 }, "its File");
      }));

    it("gives lazy trees, and copies from file to file", () =>
      inFolder(async (folder) => {
        const from = await folder.getFileHandle("from.safetensors", { create: true });
        await savePytree(model(), from);
        const tree = await loadPytree<{ embedding: LazyTensor }>(from, { lazy: true });
        ok(tree.embedding instanceof LazyTensor, "lazy");
        const to = await folder.getFileHandle("to.safetensors", { create: true });
        await savePytree(tree, to);
        equal(await loadPytree(to), model(), "tree");
      }));

    it("keeps the old file when a save is aborted", () =>
      inFolder(async (folder) => {
        const handle = await folder.getFileHandle("model.safetensors", { create: true });
        await saveFile({ old: new Float32Array(3) }, handle);
        const controller = new AbortController();
        const onProgress = () => controller.abort();
        await rejects(
          () => savePytree(model(), handle, { signal: controller.signal, onProgress }),
          "AbortError",
        );
        equal(Object.keys(await loadFile(handle)), ["old"], "the old file");
        equal(await namesIn(folder), ["model.safetensors"], "no litter");
      }));

    it("tells of a file that was overwritten while it was open", () =>
      inFolder(async (folder) => {
        const handle = await folder.getFileHandle("model.safetensors", { create: true });
        await savePytree(model(), handle);
        const file = await openSafetensors(handle);
        // The same size, so that only its date tells.
        await savePytree(
          { ...model(), embedding: new Tensor("F32", [512, 96], floats(512 * 96, 4)) },
          handle,
        );
        await rejects(() => file.tensor("@embedding"), "SourceChanged");
      }));

    it("saves sharded checkpoints into a folder, and loads them by their index", () =>
      inFolder(async (folder) => {
        await savePytree(model(), folder, { maxShardSize: "20kB" });
        const names = await namesIn(folder);
        ok(names.length > 3 && names.includes("model.safetensors.index.json"), `files: ${names}`);
        const index = await folder.getFileHandle("model.safetensors.index.json");
        const shards = (name: string) => folder.getFileHandle(name);
        equal(await loadPytree(index, { shards }), model(), "tree");
        await savePytree({ only: model().embedding }, folder, { maxShardSize: "1GB" });
        equal((await namesIn(folder)).length, 2, "old shards are gone");
        equal(await loadPytree(index, { shards }), { only: model().embedding }, "the new tree");
        await rejects(() => loadPytree(index), "MissingShard");
      }));
  });
}

/** Synchronous access handles: workers only. */
export function accessHandleTests(): void {
  describe("OPFS access handles", () => {
    it("save and load in place", () =>
      inFolder(async (folder) => {
        const file = await folder.getFileHandle("model.safetensors", { create: true });
        const handle = await openAccess(file);
        try {
          await savePytree(model(), handle);
          equal(await loadPytree(handle), model(), "tree");
          await saveFile({ x: model().embedding }, handle);
          const opened = await openSafetensors(handle);
          equal(opened.names, ["x"], "a shorter file leaves nothing of the longer one");
          const tensor: Tensor = await opened.tensor("x");
          ok(tensor.equals(model().embedding), "values");
          await opened.close();
          ok(handle.getSize() > 0, "the caller's handle stays open");
        } finally {
          handle.close();
        }
        equal(Object.keys(await loadFile(file)), ["x"], "by the file's own handle");
      }));
  });
}

// TypeScript's library knows these handles in workers only.
async function openAccess(file: FileSystemFileHandle): Promise<SyncAccessHandleLike & { close(): void }> {
  const opener = file as FileSystemFileHandle & {
    createSyncAccessHandle(): Promise<SyncAccessHandleLike & { close(): void }>;
  };
  return opener.createSyncAccessHandle();
}
