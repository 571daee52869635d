import { describe, expect, it, vi } from "vitest";
import { loadFile, loadIntoPytree, loadPytree, openSafetensors, save, Tensor } from "../../src/index.ts";

// As `save_model` of safetensors.torch writes tied weights: one name stored, the others in the metadata.
const tied = save(
  { "embed.weight": Tensor.from([[1, 2]]), "norm.bias": Tensor.from([3]) },
  {
    metadata: {
      format: "pt",
      "lm_head.weight": "embed.weight",
      "other.weight": "embed.weight",
      note: "norm",
    },
  },
);

describe("tied weights", () => {
  it("are listed by their other names", async () => {
    const file = await openSafetensors(tied);
    expect([...file.aliases]).toEqual([
      ["lm_head.weight", "embed.weight"],
      ["other.weight", "embed.weight"],
    ]);
    expect(file.names).toEqual(["embed.weight", "norm.bias"]);
  });

  it("load under the stored name alone by default, and under all names with aliases: true", async () => {
    expect(Object.keys(await loadFile(tied))).toEqual(["embed.weight", "norm.bias"]);
    const dict = await loadFile(tied, { aliases: true });
    expect(Object.keys(dict).sort()).toEqual(["embed.weight", "lm_head.weight", "norm.bias", "other.weight"]);
    expect(dict["lm_head.weight"]).toEqual(dict["embed.weight"]);
    expect(Object.keys(await loadFile(tied, { aliases: true, select: "lm_head.weight" }))).toEqual([
      "lm_head.weight",
    ]);
  });

  it("stand in the tree under all their names", async () => {
    const tree = await loadPytree(tied, { aliases: true, keys: "dotted" });
    expect(tree).toEqual({
      embed: { weight: Tensor.from([[1, 2]]) },
      lm_head: { weight: Tensor.from([[1, 2]]) },
      norm: { bias: Tensor.from([3]) },
      other: { weight: Tensor.from([[1, 2]]) },
    });
  });

  it("are found by templates, one or several leaves for a tensor", async () => {
    const leaf = () => new Tensor("F32", [1, 2], new Float32Array(2));
    const template = {
      embed: { weight: leaf() },
      lm_head: { weight: leaf() },
      norm: { bias: new Float32Array(1) },
    };
    const onReport = vi.fn();
    const model = await loadIntoPytree(template, tied, { keys: "dotted", strict: true, onReport });
    expect(model.lm_head.weight.toArray()).toEqual([[1, 2]]);
    expect(model.embed.weight.toArray()).toEqual([[1, 2]]);
    expect(model.norm.bias).toEqual(new Float32Array([3]));
    const head = await loadIntoPytree({ lm_head: { weight: leaf() } }, tied, { keys: "auto" });
    expect(head.lm_head.weight.toArray()).toEqual([[1, 2]]);
  });
});
