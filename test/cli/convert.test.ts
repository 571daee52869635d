import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadFile, loadPytree, openSafetensors, save, savePytree, Tensor } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { saveWithClass, writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const bytes = (name: string) => readFileSync(at(name));
const p2s = commandIn(folder);

/** Runs a command that is to succeed in silence. */
async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await p2s(args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  return stdout;
}

async function names(file: string): Promise<readonly string[]> {
  await using opened = await openSafetensors(at(file));
  return [...opened.names].sort();
}

async function dtypes(file: string): Promise<Record<string, string>> {
  await using opened = await openSafetensors(at(file));
  return Object.fromEntries(opened.names.map((name) => [name, opened.info(name).dtype]));
}

beforeAll(async () => {
  await writeModels(folder);
});

describe("p2s convert", () => {
  it("of nothing gives the same bytes, and the same structure metadata", async () => {
    for (const file of ["model.safetensors", "torch.safetensors"]) {
      await run("convert", file, "same.safetensors");
      expect(bytes("same.safetensors").equals(bytes(file))).toBe(true);
    }
    await run("convert", "state.safetensors", "same.safetensors");
    expect(await run("diff", "same.safetensors", "state.safetensors")).toBe("5 tensors the same\n");
  });

  it("keeps classes that it does not know, and the order of dicts", async () => {
    await saveWithClass(at("classes.safetensors"));
    await run("convert", "classes.safetensors", "same.safetensors");
    expect(await run("diff", "same.safetensors", "classes.safetensors")).toBe("3 tensors the same\n");
  });

  it("shards and joins again to the same bytes", async () => {
    await run("convert", "model.safetensors", "out", "--shard", "50KB");
    expect(readdirSync(at("out")).filter((name) => name.endsWith(".safetensors")).length).toBeGreaterThan(3);
    await run("convert", "out/model.safetensors.index.json", "joined.safetensors");
    expect(bytes("joined.safetensors").equals(bytes("model.safetensors"))).toBe(true);
  });

  it("calls shards as the output is called", async () => {
    mkdirSync(at("named"));
    await run("convert", "torch.safetensors", "named/gpt.safetensors", "--shard", "4kB");
    expect(readdirSync(at("named")).sort()).toEqual([
      "gpt-00001-of-00002.safetensors",
      "gpt-00002-of-00002.safetensors",
      "gpt.safetensors.index.json",
    ]);
  });

  it("turns PyTorch's names into a pytree and back to the same bytes", async () => {
    await run("convert", "torch.safetensors", "tree.safetensors", "--keys", "dotted:pytree");
    expect(await names("tree.safetensors")).toContain("@h#0@attn@weight");
    await run("convert", "tree.safetensors", "back.safetensors", "--keys", "dotted");
    expect(bytes("back.safetensors").equals(bytes("torch.safetensors"))).toBe(true);
  });

  it("spells keys as Flax and as JAX do, and dicts as attributes if told", async () => {
    await run("convert", "torch.safetensors", "out.safetensors", "--keys", "slash");
    expect(await names("out.safetensors")).toContain("h/2/mlp/weight");
    await run("convert", "torch.safetensors", "out.safetensors", "--keys", "keystr");
    expect(await names("out.safetensors")).toContain("['h'][2]['mlp']['weight']");
    await run("convert", "torch.safetensors", "out.safetensors", "--keys", "pytree", "--objects", "attrs");
    expect(await names("out.safetensors")).toContain("h#2.mlp.weight");
  });

  it("converts floats, patterns first, and leaves integers and scalars alone", async () => {
    writeFileSync(
      at("kinds.safetensors"),
      save({
        w: new Float32Array(4),
        "a.scale": new Float32Array(2),
        b: new Tensor("BF16", [2], new Uint16Array(2)),
        ids: new Int32Array(3),
        mask: true,
      }),
    );
    await run(
      "convert",
      "kinds.safetensors",
      "out.safetensors",
      "--dtype",
      "bf16",
      "--dtype",
      "*.scale=float16",
    );
    expect(await dtypes("out.safetensors")).toEqual({
      w: "BF16",
      "a.scale": "F16",
      b: "BF16",
      ids: "I32",
      mask: "BOOL",
    });
    await run("convert", "kinds.safetensors", "out.safetensors", "--dtype", "i64");
    expect(await dtypes("out.safetensors")).toMatchObject({ w: "F32", ids: "I64" });
    await run("convert", "state.safetensors", "out.safetensors", "--dtype", "f16");
    expect(await dtypes("out.safetensors")).toMatchObject({ "@step": "F64", "@params@w": "F16" });
  });

  it("has the values that a cast in memory gives", async () => {
    await run("convert", "torch.safetensors", "out.safetensors", "--dtype", "f8_e4m3");
    const [before, after] = [await loadFile(at("torch.safetensors")), await loadFile(at("out.safetensors"))];
    for (const [name, tensor] of Object.entries(before))
      expect(after[name]!.equals(tensor.cast("F8_E4M3"))).toBe(true);
  });

  it("refuses values that the new dtype can't hold, leaves the old file whole, and gives in to --lossy", async () => {
    writeFileSync(at("halves.safetensors"), save({ x: Float32Array.of(1, 2.5) }));
    writeFileSync(at("target.safetensors"), "the old file");
    const { code, stderr } = await p2s([
      "convert",
      "halves.safetensors",
      "target.safetensors",
      "--dtype",
      "x=i8",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("--lossy");
    expect(readFileSync(at("target.safetensors"), "utf8")).toBe("the old file");
    expect(readdirSync(folder).filter((name) => name.includes("target"))).toEqual(["target.safetensors"]);
    await run("convert", "halves.safetensors", "target.safetensors", "--dtype", "x=i8", "--lossy");
    expect((await loadFile(at("target.safetensors"))).x!.toArray()).toEqual([1, 2]);
  });

  it("selects, drops and renames", async () => {
    await run(
      "convert",
      "torch.safetensors",
      "out.safetensors",
      "--select",
      "h.*",
      "--drop",
      "*.bias",
      "--drop",
      "h.0",
      "--rename",
      "h.*.attn.*=layers.*.attention.*",
      "--rename",
      "h=layers",
    );
    expect(await names("out.safetensors")).toEqual([
      "layers.1.attention.weight",
      "layers.1.mlp.weight",
      "layers.2.attention.weight",
      "layers.2.mlp.weight",
    ]);
  });

  it("takes beginnings of names up to a key, and takes them off", async () => {
    writeFileSync(at("prefix.safetensors"), save({ "model.a.w": 1, "model.ab.w": 2, other: 3 }));
    await run("convert", "prefix.safetensors", "out.safetensors", "--rename", "model.a=x");
    expect(await names("out.safetensors")).toEqual(["model.ab.w", "other", "x.w"]);
    await run("convert", "prefix.safetensors", "out.safetensors", "--rename", "model=");
    expect(await names("out.safetensors")).toEqual(["a.w", "ab.w", "other"]);
  });

  it("refuses rules that make one name of two, and rules without an effect", async () => {
    const clash = await p2s([
      "convert",
      "torch.safetensors",
      "out.safetensors",
      "--rename",
      "h.*.attn.bias=same",
    ]);
    expect(clash).toMatchObject({ code: 2 });
    expect(clash.stderr).toContain('the same name "same"');
    const idle = await p2s(["convert", "torch.safetensors", "out.safetensors", "--rename", "nothing=x"]);
    expect(idle).toMatchObject({ code: 2 });
  });

  it("takes what structure metadata says along when it renames", async () => {
    const tree = {
      params: { w: new Float32Array(2), b: null, empty: {}, steps: new Map([[3, new Int8Array(1)]]) },
      step: 1200,
      note: "kept",
    };
    await savePytree(tree, at("whole.safetensors"), { flush: false });
    const rename = ["--rename", "@params=@model@weights", "--rename", "@step=@count"];
    await run("convert", "whole.safetensors", "renamed.safetensors", ...rename);
    expect(await loadPytree(at("renamed.safetensors"))).toEqual({
      model: { weights: { ...tree.params, w: expect.anything(), steps: expect.any(Map) } },
      count: 1200,
      note: "kept",
    });
  });

  it("sets and removes metadata", async () => {
    await run(
      "convert",
      "model.safetensors",
      "out.safetensors",
      "--metadata",
      "format=",
      "--metadata",
      "note=a=b",
    );
    await using file = await openSafetensors(at("out.safetensors"));
    expect(file.metadata).toEqual({ trained_on: "tiny-shakespeare", note: "a=b" });
  });

  it("writes nothing in a dry run, and says what it would", async () => {
    const before = readdirSync(folder).sort();
    const stdout = await run(
      "convert",
      "torch.safetensors",
      "dry.safetensors",
      "--dry-run",
      "--keys",
      "pytree",
      "--dtype",
      "bf16",
    );
    expect(stdout).toMatch(/h\.0\.attn\.bias +→ {2}@h#0@attn@bias +F32 → BF16/);
    expect(readdirSync(folder).sort()).toEqual(before);
    const plan = JSON.parse(
      await run("convert", "torch.safetensors", "dry.safetensors", "--dry-run", "--json"),
    );
    expect(plan).toMatchObject({ written: false, tensors: { length: 11 } });
  });

  it("replaces its own input", async () => {
    await run("convert", "torch.safetensors", "own.safetensors");
    await run("convert", "own.safetensors", "own.safetensors", "--dtype", "f16");
    expect((await dtypes("own.safetensors"))["wte.weight"]).toBe("F16");
  });
});

describe("p2s split and merge", () => {
  it.each(["model.safetensors", "torch.safetensors", "state.safetensors"])(
    "take %s apart and put it together again",
    async (file) => {
      const parts = `parts-${file}`;
      await run("split", file, "-o", parts);
      const files = readdirSync(at(parts)).map((name) => `${parts}/${name}`);
      expect(files.length).toBeGreaterThan(1);
      await run("merge", ...files, "-o", "merged.safetensors");
      expect(await run("diff", "merged.safetensors", file)).toMatch(/^\d+ tensors the same\n$/);
      expect(bytes("merged.safetensors").equals(bytes(file))).toBe(true);
    },
  );

  it("split deeper, and off their keys", async () => {
    await run("split", "torch.safetensors", "-o", "deep", "--depth", "2", "--strip");
    expect(readdirSync(at("deep")).sort()).toEqual([
      "h.0.safetensors",
      "h.1.safetensors",
      "h.2.safetensors",
      "ln_f.weight.safetensors",
      "wte.weight.safetensors",
    ]);
    expect(await names("deep/h.0.safetensors")).toEqual(["attn.bias", "attn.weight", "mlp.weight"]);
  });

  it("merge below keys", async () => {
    await run(
      "merge",
      "--keys",
      "dotted",
      "gpt=torch.safetensors",
      "aux=deep/h.0.safetensors",
      "-o",
      "merged.safetensors",
    );
    expect(await names("merged.safetensors")).toEqual(
      expect.arrayContaining(["gpt.h.0.attn.bias", "aux.attn.bias"]),
    );
  });

  it("merge refuses two tensors of one name", async () => {
    const { code, stderr } = await p2s([
      "merge",
      "torch.safetensors",
      "tuned.safetensors",
      "-o",
      "merged2.safetensors",
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/both .*torch.* and .*tuned.* have the tensor/);
    expect(readdirSync(folder)).not.toContain("merged2.safetensors");
  });

  it("split writes nothing in a dry run", async () => {
    expect(await run("split", "torch.safetensors", "-o", "nope", "-n")).toContain("nothing written");
    expect(readdirSync(folder)).not.toContain("nope");
  });
});
