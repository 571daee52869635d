/** A pattern that matches nothing is a mistake; an option that changes nothing is mentioned. */
import { writeFileSync } from "node:fs";
import { save, savePytree } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);

beforeAll(async () => {
  await writeModels(folder);
  writeFileSync("ints.safetensors", save({ i: new Int32Array(3), j: new Int8Array(2) }));
  await savePytree({ step: 3, w: new Float32Array(2) }, "scalar.safetensors", { flush: false });
});

describe("a pattern that matches nothing", () => {
  it.each([
    ["tree", "torch.safetensors", "--only", "nope*"],
    ["ls", "torch.safetensors", "--only", "nope"],
    ["stats", "torch.safetensors", "nope"],
    ["stats", "torch.safetensors", "wte", "h.7"],
    ["show", "torch.safetensors", "nope"],
    ["diff", "torch.safetensors", "tuned.safetensors", "--only", "nope"],
    ["diff", "torch.safetensors", "tuned.safetensors", "--rename", "nope=x"],
    ["convert", "torch.safetensors", "o.safetensors", "--select", "nope"],
    ["convert", "torch.safetensors", "o.safetensors", "--drop", "nope"],
    ["convert", "torch.safetensors", "o.safetensors", "--rename", "nope=x"],
    ["convert", "torch.safetensors", "o.safetensors", "--dtype", "nope=bf16"],
    ["convert", "torch.safetensors", "o.safetensors", "--dtype", "bf16", "--dtype", "nope=f32"],
    ["convert", "torch.safetensors", "o.safetensors", "--drop", "wte", "--dtype", "wte=f16"],
    ["convert", "torch.safetensors", "o.safetensors", "-n", "--dtype", "nope=bf16"],
  ])("is a mistake in %s %s %s %s", async (...args) => {
    const { code, stdout, stderr } = await p2s(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/matches/);
  });

  it("is none where the other file has it", async () => {
    expect(await p2s(["diff", "torch.safetensors", "tuned.safetensors", "--only", "lora"])).toMatchObject({
      code: 1,
    });
  });

  it("leaves nothing to write when all is dropped", async () => {
    expect(await p2s(["convert", "torch.safetensors", "o.safetensors", "--drop", "*"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("nothing to write"),
    });
  });
});

describe("an option that changes nothing", () => {
  it.each([
    [["torch.safetensors", "--dtype", "i8"], "no selected tensor has any"],
    [["ints.safetensors", "--dtype", "bf16"], "it is for floats"],
    [["torch.safetensors", "--dtype", "f32"], "11 tensors are F32 already"],
    [["torch.safetensors", "--dtype", "wte=f32"], '"wte.weight" is F32 already'],
    [["torch.safetensors", "--dtype", "wte=f16", "--dtype", "wte=bf16"], "a later --dtype decides"],
    [["torch.safetensors", "--metadata", "nope="], "no such metadata"],
  ])("is mentioned: %j", async ([file, ...options], why) => {
    const { code, stderr } = await p2s(["convert", file!, "o.safetensors", ...options]);
    expect(code).toBe(0);
    expect(stderr).toContain("changes nothing");
    expect(stderr).toContain(why);
  });

  it("is not one that keeps another off", async () => {
    const dtypes = ["--dtype", "bf16", "--dtype", "ln_f=f32"];
    expect(await p2s(["convert", "torch.safetensors", "o.safetensors", ...dtypes])).toMatchObject({
      stderr: "",
    });
  });

  it("is a mistake where a pattern asks for what can't be", async () => {
    const { code, stderr } = await p2s([
      "convert",
      "scalar.safetensors",
      "o.safetensors",
      "--dtype",
      "@step=f32",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("stays F64");
  });
});
