/** `diff` across dtypes, key styles and names. */
import { writeFileSync } from "node:fs";
import { save, Tensor } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { match } from "../../src/cli/values/moved.ts";
import { torchDict, writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);

async function diff(...args: string[]) {
  const { code, stdout } = await p2s(["diff", ...args, "--json"]);
  return { code, ...JSON.parse(stdout) };
}

beforeAll(async () => {
  await writeModels(folder);
  await p2s(["convert", "torch.safetensors", "bf16.safetensors", "--dtype", "bf16"]);
  await p2s(["convert", "torch.safetensors", "tree.safetensors", "--keys", "dotted:pytree"]);
  await p2s(["convert", "torch.safetensors", "flax.safetensors", "--keys", "dotted:slash"]);
  await p2s(["convert", "torch.safetensors", "jax.safetensors", "--keys", "dotted:keystr"]);
});

describe("tensors that were cast", () => {
  it("are equal within a tolerance, and the summary says so", async () => {
    const { code, stdout } = await p2s(["diff", "torch.safetensors", "bf16.safetensors", "-t", "1e-2"]);
    expect(code).toBe(0);
    expect(stdout).toContain("10 within tolerance 0.01, 0 tensors the same".replace("10", "11"));
    expect(stdout).toMatch(/F32→BF16 .*within tolerance/);
  });

  it("differ beyond it, and without one", async () => {
    expect(await diff("torch.safetensors", "bf16.safetensors", "-t", "1e-9")).toMatchObject({
      code: 1,
      retyped: { length: 10 },
      close: [{ name: "ln_f.weight", values: { maxAbs: 0 } }],
    });
    expect(await diff("torch.safetensors", "bf16.safetensors")).toMatchObject({
      code: 1,
      retyped: { length: 11 },
    });
  });
});

describe("key styles", () => {
  it.each(["tree.safetensors", "flax.safetensors", "jax.safetensors"])(
    "of torch.safetensors and %s are paired by their keys",
    async (other) => {
      for (const pair of [
        ["torch.safetensors", other],
        [other, "torch.safetensors"],
      ])
        expect(await diff(...pair)).toMatchObject({ code: 0, same: 11, respelled: 11, moved: [] });
    },
  );

  it("may be named, and the summary says which", async () => {
    const { stdout } = await p2s(["diff", "torch.safetensors", "tree.safetensors", "-k", "dotted:pytree"]);
    expect(stdout).toBe("11 tensors the same (11 names paired: dotted → pytree)\n");
  });

  it("leave names alone that could be several", async () => {
    writeFileSync("two.safetensors", save({ "a/b": new Int8Array(1), "c/0": new Int8Array(2) }));
    writeFileSync("twin.safetensors", save({ "@a@b": new Int8Array(1), "a.b": new Int8Array(1) }));
    expect(await diff("two.safetensors", "twin.safetensors", "--structure")).toMatchObject({
      removed: [{ name: "a/b" }, { name: "c/0" }],
      added: [{ name: "@a@b" }, { name: "a.b" }],
    });
  });
});

describe("--rename", () => {
  it("pairs tensors of other names, with their values", async () => {
    const dict = Object.fromEntries(
      Object.entries(torchDict()).map(([name, tensor]) => [name.replace(/^h\./, "layers."), tensor]),
    );
    dict["layers.1.attn.bias"] = new Tensor("F32", [24], new Float32Array(24));
    writeFileSync("layers.safetensors", save(dict, { metadata: { format: "pt" } }));
    expect(await diff("torch.safetensors", "layers.safetensors", "--rename", "h=layers")).toMatchObject({
      code: 1,
      same: 10,
      changed: [{ name: "h.1.attn.bias", nameB: "layers.1.attn.bias", values: { count: 24 } }],
    });
  });
});

describe("match", () => {
  it("pairs each name with the one that has the longest end in common with it", () => {
    const moves = match({
      removed: ["a.0.bias", "a.0.scale", "a.1.bias", "alone"],
      added: ["b.1.bias", "b.0.scale", "b.0.bias"],
    });
    expect(new Map(moves.map(({ from, to }) => [from, to]))).toEqual(
      new Map([
        ["a.0.bias", "b.0.bias"],
        ["a.0.scale", "b.0.scale"],
        ["a.1.bias", "b.1.bias"],
      ]),
    );
  });

  it("pairs as many as there are on the shorter side, each once", () => {
    const names = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, i) => `${prefix}${i % 7}.${i}`);
    const moves = match({ removed: names("x", 50), added: names("y", 30) });
    expect(moves.length).toBe(30);
    expect(new Set(moves.map(({ from }) => from)).size).toBe(30);
    expect(new Set(moves.map(({ to }) => to)).size).toBe(30);
    for (const { from, to } of moves.filter(({ to }) => to.length > 3)) expect(from.at(-1)).toBe(to.at(-1));
  });
});
