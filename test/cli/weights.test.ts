/** Files as quantizers and PyTorch write them: tensors below tensors, packed weights, tied weights. */
import { readdirSync, writeFileSync } from "node:fs";
import { openSafetensors, save, Tensor } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { fileOf } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);

const u8 = (...shape: number[]) => new Tensor("U8", shape, new Uint8Array(shape.reduce((a, b) => a * b, 1)));
const i32 = (...shape: number[]) =>
  new Tensor("I32", shape, new Int32Array(shape.reduce((a, b) => a * b, 1)));
const f32 = (...shape: number[]) =>
  new Tensor("F32", shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));

// As bitsandbytes writes 4-bit weights: 16 by 8 weights in 64 bytes.
const NF4 = {
  "model.layers.0.w": u8(64, 1),
  "model.layers.0.w.absmax": f32(2),
  "model.layers.0.w.quant_map": f32(16),
  "model.layers.0.w.quant_state.bitsandbytes__nf4": u8(90),
  "model.norm.weight": f32(8),
};

async function json(...args: string[]) {
  const { code, stdout, stderr } = await p2s([...args, "--json"]);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  return JSON.parse(stdout);
}

beforeAll(() => {
  writeFileSync("nf4.safetensors", save(NF4));
  writeFileSync("pair.safetensors", save({ w: u8(4, 1), "w.absmax": f32(1) }));
});

describe("a tensor with others below its name", () => {
  it("is shown in the tree, with what is below it", async () => {
    const { code, stdout, stderr } = await p2s(["tree", "nf4.safetensors"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/w +U8 +\[64, 1\]/);
    expect(stdout).toMatch(/absmax +F32 +\[2\]/);
    const { tree, tensors } = await json("tree", "pair.safetensors");
    expect(tensors).toBe(2);
    expect(tree.children).toMatchObject([
      { name: "w", kind: "tensor", dtype: "U8", parameters: 8 },
      { name: "w.absmax", dtype: "F32", parameters: 0 },
    ]);
  });

  it("is split and merged", async () => {
    for (const file of ["nf4.safetensors", "pair.safetensors"]) {
      expect(await p2s(["split", file, "-o", `parts-${file}`])).toMatchObject({ code: 0, stderr: "" });
      const parts = readdirSync(`parts-${file}`).map((name) => `parts-${file}/${name}`);
      expect(await p2s(["merge", ...parts, "-o", "m.safetensors"])).toMatchObject({ code: 0, stderr: "" });
      expect(await p2s(["diff", "m.safetensors", file])).toMatchObject({ code: 0 });
    }
  });

  it("is split deeper, off its key, and merged below one", async () => {
    const options = ["-o", "deep", "--depth", "3", "--strip", "--keys", "dotted"];
    expect(await p2s(["split", "nf4.safetensors", ...options])).toMatchObject({ code: 0 });
    await using layer = await openSafetensors("deep/model.layers.0.safetensors");
    expect(layer.names).toEqual(expect.arrayContaining(["w", "w.absmax"]));
    const merged = [
      "merge",
      "x.y=deep/model.layers.0.safetensors",
      "--keys",
      "dotted",
      "-o",
      "m.safetensors",
    ];
    expect(await p2s(merged)).toMatchObject({ code: 0 });
    await using file = await openSafetensors("m.safetensors");
    expect(file.names).toEqual(expect.arrayContaining(["x.y.w", "x.y.w.absmax"]));
  });

  it("is compared, measured, copied and renamed", async () => {
    expect(await p2s(["diff", "nf4.safetensors", "nf4.safetensors"])).toMatchObject({ code: 0 });
    expect(await p2s(["stats", "nf4.safetensors"])).toMatchObject({ code: 0, stderr: "" });
    expect(await p2s(["convert", "nf4.safetensors", "o.safetensors"])).toMatchObject({ code: 0, stderr: "" });
    expect(await p2s(["convert", "nf4.safetensors", "o.safetensors", "--rename", "model="])).toMatchObject({
      code: 0,
    });
  });

  it("makes no pytree: refused where one is needed, though the file is not broken", async () => {
    const { code, stderr } = await p2s([
      "convert",
      "nf4.safetensors",
      "o.safetensors",
      "--keys",
      "pytree:dotted",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("KeyConflict");
  });
});

describe("packed weights are counted as what they are", () => {
  it.each([
    ["bitsandbytes", NF4, [{ scheme: "bitsandbytes", bits: 4, tensors: 1, parameters: 128 }], 128 + 8],
    [
      "GPTQ of 4 bits",
      {
        "a.qweight": i32(4, 16),
        "a.qzeros": i32(1, 2),
        "a.scales": f32(1, 16),
        "a.g_idx": i32(32),
        n: f32(3),
      },
      [{ scheme: "GPTQ", bits: 4, parameters: 32 * 16 }],
      32 * 16 + 3,
    ],
    [
      "GPTQ of 8 bits without g_idx",
      { "a.qweight": i32(8, 16), "a.qzeros": i32(1, 4), "a.scales": f32(1, 16) },
      [{ scheme: "GPTQ", bits: 8, parameters: 32 * 16 }],
      32 * 16,
    ],
    [
      "AWQ",
      { "a.qweight": i32(32, 2), "a.qzeros": i32(1, 2), "a.scales": f32(1, 16) },
      [{ scheme: "AWQ", bits: 4, parameters: 32 * 16 }],
      32 * 16,
    ],
    [
      "MXFP4",
      { e_blocks: u8(2, 4, 16), e_scales: u8(2, 4) },
      [{ scheme: "MXFP4", bits: 4, parameters: 256 }],
      256,
    ],
    [
      "compressed-tensors",
      { "a.weight_packed": i32(4, 2), "a.weight_scale": f32(4, 1), "a.weight_shape": i32(2) },
      [{ scheme: "compressed-tensors", bits: 4, parameters: 64 }],
      64,
    ],
  ] as const)("%s", async (_, tensors, packed, parameters) => {
    writeFileSync("packed.safetensors", save(tensors));
    expect(await json("info", "packed.safetensors")).toMatchObject({ packed, parameters });
  });

  it("and what only looks like them is not", async () => {
    writeFileSync(
      "packed.safetensors",
      save({ "a.qweight": i32(4, 16), my_blocks: u8(3), "b.absmax": f32(2) }),
    );
    expect(await json("info", "packed.safetensors")).toMatchObject({ packed: [], parameters: 64 + 3 + 2 });
  });
});

describe("tied weights", () => {
  it("are shown apart from the metadata", async () => {
    const header = {
      __metadata__: { format: "pt", "lm_head.weight": "wte.weight", note: "wte" },
      "wte.weight": { dtype: "F32", shape: [1], data_offsets: [0, 4] },
    };
    writeFileSync("tied.safetensors", fileOf(header, 4));
    expect(await json("info", "tied.safetensors")).toMatchObject({
      aliases: [{ name: "lm_head.weight", stored: "wte.weight" }],
      metadata: { format: "pt", note: "wte" },
    });
    expect((await p2s(["info", "tied.safetensors"])).stdout).toMatch(
      /tied weights\n +lm_head\.weight +is wte\.weight/,
    );
  });
});

describe("total_parameters of an index", () => {
  it("is shown where it is not what was counted", async () => {
    const index = { metadata: { total_size: 64, total_parameters: 7 }, weight_map: { a: "one.safetensors" } };
    writeFileSync("one.safetensors", save({ a: f32(16) }));
    writeFileSync("m.safetensors.index.json", JSON.stringify(index));
    expect(await json("info", "m.safetensors.index.json")).toMatchObject({
      declaredParameters: 7,
      parameters: 16,
    });
    expect((await p2s(["info", "m.safetensors.index.json"])).stdout).toContain("index says  7 parameters");
  });
});
