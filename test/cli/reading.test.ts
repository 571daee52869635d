import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { save, Tensor } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { fileOf, writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const p2s = commandIn(folder);

beforeAll(async () => {
  await writeModels(folder);
});

/** Writes tensors to a file of that name. */
function write(name: string, tensors: Parameters<typeof save>[0]): string {
  writeFileSync(at(name), save(tensors));
  return name;
}

async function json(...args: string[]) {
  const { stdout, stderr } = await p2s([...args, "--json"]);
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("p2s tree", () => {
  const lines = async (...args: string[]) => (await p2s(["tree", ...args])).stdout.split("\n");

  it("folds equal layers, and counts them all in the subtotal", async () => {
    const [fold] = (await lines("model.safetensors")).filter((line) => line.includes("×6"));
    expect(fold).toMatch(/#0…#5 ×6 +object\(3\) +75\.6 k +155 kB/);
    expect((await lines("model.safetensors", "--all")).filter((line) => /─ #\d /.test(line)).length).toBe(6);
  });

  it("does not fold layers that differ", async () => {
    write("uneven.safetensors", {
      "@l#0@w": new Float32Array(2),
      "@l#1@w": new Float32Array(2),
      "@l#2@w": new Float32Array(3),
    });
    expect((await lines("uneven.safetensors")).join("\n")).toMatch(/#0…#1 ×2[\s\S]*#2/);
  });

  it("folds keys that end in numbers in the order of numbers", async () => {
    write(
      "names.safetensors",
      Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`params/block_${i}/w`, new Float32Array(2)])),
    );
    expect((await lines("names.safetensors")).join("\n")).toContain("block_0…block_11 ×12");
  });

  it("stops at a depth, and says how many tensors are below", async () => {
    expect(await lines("model.safetensors", "--depth", "1")).toEqual([
      expect.stringContaining("model.safetensors"),
      expect.stringContaining("embedding (1 tensor)"),
      expect.stringContaining("head (2 tensors)"),
      expect.stringContaining("layers (54 tensors)"),
      "",
    ]);
  });

  it("counts the tensors of all folded layers", async () => {
    expect((await lines("model.safetensors", "--depth", "2")).join("\n")).toContain("#0…#5 ×6 (54 tensors)");
  });

  it("sorts by size", async () => {
    const [, first, second] = await lines("model.safetensors", "--depth", "1", "--sort", "size");
    expect([first, second]).toEqual([expect.stringContaining("layers"), expect.stringContaining("head")]);
  });

  it("shows what a pattern or a key selects", async () => {
    const selected = await json("tree", "torch.safetensors", "--only", "*.bias", "--only", "ln_f");
    expect(selected.tensors).toBe(4);
  });

  it("guesses PyTorch's and Flax's names, and reads them as told", async () => {
    expect(await json("tree", "torch.safetensors")).toMatchObject({
      keys: "dotted",
      tree: { kind: "dict", children: [{ key: "h", kind: "list" }, {}, {}] },
    });
    expect(await json("tree", "names.safetensors")).toMatchObject({ keys: "slash" });
    expect(await json("tree", "torch.safetensors", "--keys", "pytree")).toMatchObject({
      tree: { kind: "object" },
    });
  });

  it("shows scalars, static values, None and empty containers", async () => {
    const { stdout } = await p2s(["tree", "state.safetensors"]);
    expect(stdout).toMatch(/@step +F64 +=? ?1200/);
    expect(stdout).toMatch(/@name +static +=? ?"run-7"/);
    expect(stdout).toMatch(/@b +None/);
    expect(stdout).toMatch(/#1 +dict\(0\)/);
  });

  it("shows names that make no tree, and says why where that is not plain to see", async () => {
    write("conflict.safetensors", { a: 1, "a.b": 2 });
    const { code, stdout, stderr } = await p2s(["tree", "conflict.safetensors", "--keys", "pytree"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/└─ a .*\n {3}└─ \.b /);
    write("gap.safetensors", { "a#99999999999": 1 });
    const gap = await p2s(["tree", "gap.safetensors"]);
    expect(gap.code).toBe(0);
    expect(gap.stdout).toContain("#99999999999");
    expect(gap.stderr).toContain("names are shown as they are");
  });

  it("of nothing is the name of the file", async () => {
    write("empty.safetensors", {});
    expect((await p2s(["tree", "empty.safetensors"])).stdout).toMatch(/^empty\.safetensors +None\n$/);
  });
});

describe("p2s info", () => {
  it("adds up to the size of the file", async () => {
    const info = await json("info", "model.safetensors");
    expect(8 + info.headerBytes + info.dataBytes).toBe(info.bytes);
    expect(info.bytes).toBe(readFileSync(at("model.safetensors")).byteLength);
    expect(info).toMatchObject({
      tensors: 57,
      unaligned: 0,
      keys: "pytree",
      structure: null,
      metadata: { format: "pt" },
    });
  });

  it("tells of shards and of structure", async () => {
    expect(await json("info", "shards/model.safetensors.index.json")).toMatchObject({
      shards: [{ file: "model-00001-of-00002.safetensors" }, {}],
      tensors: 57,
    });
    expect(await json("info", "state.safetensors")).toMatchObject({ structure: { version: 1 } });
  });

  it("finds tensors that are not aligned", async () => {
    writeFileSync(at("odd.safetensors"), fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4));
    expect(await json("info", "odd.safetensors")).toMatchObject({ unaligned: 1 });
  });
});

describe("p2s stats", () => {
  const stats = async (file: string, ...keys: string[]) => json("stats", file, ...keys);

  it("counts every kind of number", async () => {
    write("kinds.safetensors", {
      bool: new Tensor("BOOL", [3], Uint8Array.of(1, 0, 1)),
      f4: new Tensor("F4", [4], Uint8Array.of(0x72, 0xf0)),
      f8: Tensor.from([1, -2, 0.5]).cast("F8_E4M3"),
      f16: Tensor.from([1, 65504]).cast("F16"),
      i64: BigInt64Array.of(-(2n ** 62n) - 1n, 3n),
      u64: BigUint64Array.of(2n ** 64n - 1n, 1n),
      c64: new Tensor("C64", [1], Float32Array.of(3, -4)),
      none: new Float32Array(0),
    });
    const { tensors } = await stats("kinds.safetensors");
    const by = Object.fromEntries(tensors.map((entry: { name: string }) => [entry.name, entry]));
    expect(by.bool).toMatchObject({ count: 3, min: 0, max: 1, zeros: 1 });
    expect(by.f4).toMatchObject({ count: 4, min: -6, max: 6, zeros: 1 });
    expect(by.f8).toMatchObject({ min: -2, max: 1 });
    expect(by.f16).toMatchObject({ max: 65504 });
    expect(by.i64).toMatchObject({ min: "-4611686018427387905", max: 3 });
    expect(by.u64).toMatchObject({ min: 1, max: "18446744073709551615" });
    expect(by.c64).toMatchObject({ count: 2, min: -4, max: 3 });
    expect(by.none).toMatchObject({ count: 0, min: "nan", mean: "nan", histogram: { counts: [] } });
  });

  it("finds what is not finite", async () => {
    expect((await stats("diverged.safetensors", "@loss")).tensors[0]).toMatchObject({
      nan: 2,
      posInf: 1,
      negInf: 0,
      min: -3,
      max: 2,
    });
    expect((await p2s(["stats", "diverged.safetensors"])).stdout).toMatch(/NaN +inf/);
  });

  it("adds up all tensors", async () => {
    const { tensors, all } = await stats("torch.safetensors");
    expect(all.count).toBe(tensors.reduce((sum: number, { count }: { count: number }) => sum + count, 0));
    expect(all.histogram.counts.reduce((a: number, b: number) => a + b)).toBe(all.count);
  });

  it("says that F6 has no numbers", async () => {
    write("f6.safetensors", { six: new Tensor("F6_E2M3", [4], new Uint8Array(3)) });
    const { code, stdout, stderr } = await p2s(["stats", "f6.safetensors"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "no tensors\n" });
    expect(stderr).toContain("F6_E2M3");
  });
});

describe("p2s diff", () => {
  const diff = async (a: string, b: string, ...options: string[]) => {
    const { code, stdout } = await p2s(["diff", a, b, "--json", ...options]);
    return { code, ...JSON.parse(stdout) };
  };

  it("finds all that differs in structure and numbers", async () => {
    const found = await diff("torch.safetensors", "tuned.safetensors");
    expect(found).toMatchObject({
      code: 1,
      equal: false,
      removed: [{ name: "h.1.attn.bias" }],
      added: [{ name: "lora.a" }],
      moved: [{ from: "ln_f.weight", to: "norm.weight" }],
      retyped: [{ name: "h.2.attn.bias", a: { dtype: "F32" }, b: { dtype: "BF16" } }],
      reshaped: [{ name: "h.0.mlp.weight", a: { shape: [8, 32] }, b: { shape: [32, 8] } }],
      changed: [{ name: "h.1.attn.weight", values: { count: 192, differing: 64 } }],
      metadata: [{ key: "epoch", a: null, b: "3" }],
      same: 6,
    });
  });

  it("is silent about files that are the same, however they are cut", async () => {
    expect(await p2s(["diff", "model.safetensors", "shards/model.safetensors.index.json"])).toEqual({
      code: 0,
      stdout: "57 tensors the same\n",
      stderr: "",
    });
  });

  it("measures", async () => {
    write("a.safetensors", {
      x: Float32Array.of(3, 4, 0),
      i: BigInt64Array.of(2n ** 60n),
      n: Float32Array.of(Number.NaN, 1),
    });
    write("b.safetensors", {
      x: Float32Array.of(3, 4 + 2 ** -21, 0),
      i: BigInt64Array.of(2n ** 60n + 1n),
      n: Float32Array.of(Number.NaN, Number.NaN),
    });
    const { changed } = await diff("a.safetensors", "b.safetensors");
    const by = Object.fromEntries(
      changed.map(({ name, values }: { name: string; values: unknown }) => [name, values]),
    );
    expect(by.x).toMatchObject({ differing: 1, maxAbs: 2 ** -21, maxUlp: 1, nan: 0 });
    expect(by.x.maxRel).toBeCloseTo(2 ** -23, 12);
    expect(by.i).toMatchObject({ differing: 1, maxAbs: 1 });
    expect(by.n).toMatchObject({ differing: 1, nan: 1, maxAbs: "nan" });
  });

  it("allows a tolerance as numpy's allclose does", async () => {
    write("c.safetensors", { x: Float64Array.of(0, 100) });
    write("d.safetensors", { x: Float64Array.of(0.5, 149) });
    expect(await diff("c.safetensors", "d.safetensors", "-t", "0.33")).toMatchObject({
      code: 1,
      changed: [{ values: { beyond: 1 } }],
    });
    expect(await diff("c.safetensors", "d.safetensors", "-t", "0.34")).toMatchObject({
      code: 0,
      equal: true,
      close: [{ name: "x" }],
    });
  });

  it("says where only bits differ", async () => {
    write("zero.safetensors", { x: Float32Array.of(0) });
    write("minus.safetensors", { x: Float32Array.of(-0) });
    expect(await diff("zero.safetensors", "minus.safetensors")).toMatchObject({
      code: 1,
      changed: [{ values: { differing: 0, identical: false, cosine: 1 } }],
    });
    expect(await diff("zero.safetensors", "minus.safetensors", "-t", "0")).toMatchObject({ code: 0 });
  });

  it("pairs equal tensors that moved by their names' ends", async () => {
    const zeros = () => new Float32Array(4);
    write("old.safetensors", { "a.bias": zeros(), "a.scale": zeros() });
    write("new.safetensors", { "b.scale": zeros(), "b.bias": zeros() });
    expect((await diff("old.safetensors", "new.safetensors")).moved).toMatchObject([
      { from: "a.bias", to: "b.bias" },
      { from: "a.scale", to: "b.scale" },
    ]);
  });

  it("compares structure alone, and leaves metadata alone, if told", async () => {
    expect(await diff("c.safetensors", "d.safetensors", "--structure")).toMatchObject({ code: 0, same: 1 });
    expect(
      await diff("torch.safetensors", "tuned.safetensors", "--no-metadata", "--only", "wte"),
    ).toMatchObject({ code: 0 });
  });
});

describe("p2s verify", () => {
  const verify = async (...args: string[]) => {
    const { code, stdout } = await p2s(["verify", "--json", ...args]);
    return { code, report: JSON.parse(stdout) };
  };

  it("passes good files", async () => {
    const { code, report } = await verify("model.safetensors", "shards/model.safetensors.index.json");
    expect(code).toBe(0);
    expect(report).toMatchObject([
      { ok: true, tensors: 57 },
      { ok: true, tensors: 57 },
    ]);
  });

  it("names all faults at once, as the reference does", async () => {
    const { code, report } = await verify("broken/faults.safetensors");
    expect(code).toBe(1);
    expect(report.faults.map((fault: { code: string }) => fault.code)).toEqual([
      "TensorInvalidInfo",
      "InvalidOffset",
      "MisalignedSlice",
      "MetadataIncompleteBuffer",
    ]);
  });

  it("goes on after a broken file", async () => {
    const { code, report } = await verify(
      "broken/short.safetensors",
      "model.safetensors",
      "broken/html.safetensors",
    );
    expect(code).toBe(1);
    expect(report.map(({ ok }: { ok: boolean }) => ok)).toEqual([false, true, false]);
  });

  it("names every broken shard of an index", async () => {
    cpSync(at("shards"), at("torn"), { recursive: true });
    for (const shard of ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"])
      truncateSync(at(`torn/${shard}`), 50_000);
    const { code, report } = await verify("torn/model.safetensors.index.json");
    expect(code).toBe(1);
    const text = JSON.stringify(report.faults);
    expect(text).toContain("model-00001");
    expect(text).toContain("model-00002");
  });

  it("checks booleans, and with --nan that floats are finite", async () => {
    const broken = Buffer.from(save({ b: new Tensor("BOOL", [4], new Uint8Array(4)) }));
    broken[broken.length - 1] = 7;
    writeFileSync(at("bool.safetensors"), broken);
    expect(await verify("bool.safetensors")).toMatchObject({
      code: 1,
      report: { faults: [{ code: "InvalidBool", tensor: "b" }] },
    });
    expect(await verify("bool.safetensors", "--no-data")).toMatchObject({ code: 0 });
    expect(await verify("diverged.safetensors")).toMatchObject({ code: 0 });
    expect(await verify("diverged.safetensors", "--nan")).toMatchObject({
      code: 1,
      report: { faults: [{ code: "NonFinite", tensor: "@loss" }] },
    });
  });
});
