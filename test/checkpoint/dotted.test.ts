/** Files in PyTorch's style: what accelerate and transformers before 5 accept (`metadata["format"]` is one of pt, tf, flax). */
import { describe, expect, it } from "vitest";
import {
  loadPytree,
  openSafetensors,
  type SavePytreeOptions,
  savePytree,
  serialize,
  Tensor,
} from "../../src/index.ts";

const tree = { layers: [{ w: Tensor.from([1, 2]), b: Tensor.from([3]) }], head: { w: Tensor.from([4]) } };

async function metadataOf(options: SavePytreeOptions): Promise<Record<string, string>> {
  const file = await openSafetensors(await (await serialize(tree, options)).blob());
  return { ...file.metadata };
}

describe("a tree saved with keys: dotted", () => {
  it("says format: pt, and nothing else where a reader of dotted names gets the tree back", async () => {
    expect(await metadataOf({ keys: "dotted" })).toEqual({ format: "pt" });
    const file = await (await serialize(tree, { keys: "dotted" })).blob();
    expect(await loadPytree(file, { keys: "dotted" })).toEqual(tree);
    expect(await loadPytree(file, { keys: "auto" })).toEqual(tree);
  });

  it("keeps a format that the user gives, and other strings beside ours", async () => {
    expect(await metadataOf({ keys: "dotted", metadata: { format: "flax" } })).toEqual({ format: "flax" });
    expect(await metadataOf({ keys: "dotted", metadata: { epoch: "3" } })).toEqual({
      format: "pt",
      epoch: "3",
    });
  });

  it("takes the metadata of the file that it is to be like, unless metadata is passed", async () => {
    const theirs = await serialize(tree, { keys: "dotted", metadata: { format: "pt", by: "torch" } });
    const like = await openSafetensors(await theirs.blob());
    expect(await metadataOf({ keys: "dotted", like })).toEqual({ format: "pt", by: "torch" });
    expect(await metadataOf({ keys: "dotted", like, metadata: {} })).toEqual({ format: "pt" });
  });

  it("has the structure too where dotted names don't tell the tree", async () => {
    const chunks: Uint8Array[] = [];
    const sink = { write: (chunk: Uint8Array) => void chunks.push(chunk.slice()), close: () => {} };
    const odd = { step: 3, empty: [], w: Tensor.from([1]) };
    await savePytree(odd, sink, { keys: "dotted" });
    expect(await loadPytree(new Blob(chunks as Uint8Array<ArrayBuffer>[]))).toEqual(odd);
  });

  it("says nothing in this package's own style", async () => {
    expect(await metadataOf({})).toEqual({});
  });

  it("warns once where it is read without a style, also if its names could be attributes", async () => {
    for (const one of [tree, { head: { w: Tensor.from([4]) } }]) {
      const warnings: string[] = [];
      const file = await (await serialize(one, { keys: "dotted" })).blob();
      await loadPytree(file, { onWarning: ({ message }) => warnings.push(message) });
      expect(warnings).toEqual([expect.stringContaining('names look like PyTorch\'s, such as "head.w"')]);
    }
  });
});
