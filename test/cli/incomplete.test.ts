/** Checkpoints whose index lists tensors that their files don't have, and casts that leave a dtype's range. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { save, Tensor } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);
const INDEX = "part/model.safetensors.index.json";
const f32 = (...values: number[]) => new Tensor("F32", [values.length], Float32Array.from(values));

beforeAll(() => {
  mkdirSync(join(folder, "part"));
  const at = (name: string) => join(folder, "part", name);
  writeFileSync(at("one.safetensors"), save({ "layers.0.w": f32(1, 2) }));
  writeFileSync(at("two.safetensors"), save({ "layers.1.w": f32(3) }));
  const map = {
    "layers.0.w": "one.safetensors",
    "layers.1.w": "two.safetensors",
    "layers.2.w": "two.safetensors",
    "head.b": "one.safetensors",
  };
  writeFileSync(at("model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
});

describe("tensors that an index lists and that are missing", () => {
  it.each(["tree", "info", "ls"])("are listed by %s", async (command) => {
    const { code, stdout, stderr } = await p2s([command, INDEX]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of ["layers.2.w", "head.b"]) expect(stdout).toContain(name);
    expect(stdout).toContain("missing");
  });

  it.each(["tree", "info"])("stand in the JSON of %s with their files", async (command) => {
    const { missing } = JSON.parse((await p2s([command, INDEX, "--json"])).stdout);
    expect(missing).toContainEqual({ name: "head.b", shard: "one.safetensors" });
    expect(missing).toHaveLength(2);
  });

  it("are selected by patterns as others are", async () => {
    const { code, stdout } = await p2s(["ls", INDEX, "--only", "head"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "-  missing  -  head.b\n" });
  });

  it("are faults for verify, each of them", async () => {
    const { code, stdout } = await p2s(["verify", INDEX, "--json"]);
    expect(code).toBe(1);
    const { faults } = JSON.parse(stdout);
    expect(faults.map(({ code, tensor }: { code: string; tensor: string }) => [code, tensor]).sort()).toEqual(
      [
        ["InvalidIndex", "head.b"],
        ["InvalidIndex", "layers.2.w"],
      ],
    );
  });

  it("are a warning where the rest is looked at, and an error where all is copied", async () => {
    const stats = await p2s(["stats", INDEX]);
    expect(stats).toMatchObject({ code: 0, stderr: expect.stringContaining("head.b") });
    const convert = await p2s(["convert", INDEX, "whole.safetensors"]);
    expect(convert).toMatchObject({ code: 1, stderr: expect.stringContaining("InvalidIndex") });
    expect(existsSync("whole.safetensors")).toBe(false);
    const some = await p2s(["convert", INDEX, "some.safetensors", "--select", "layers.0"]);
    expect(some.code).toBe(0);
  });

  it("are told beside the faults of broken shards", async () => {
    mkdirSync(join(folder, "bad"));
    writeFileSync(join(folder, "bad/one.safetensors"), "x");
    writeFileSync(join(folder, "bad/two.safetensors"), "y".repeat(40));
    writeFileSync(join(folder, "bad/model.safetensors.index.json"), readFileSync(join(folder, INDEX)));
    const { code, stdout } = await p2s(["verify", "bad/model.safetensors.index.json"]);
    expect(code).toBe(1);
    expect(stdout).toContain("one.safetensors");
    expect(stdout).toContain("two.safetensors");
  });
});

describe("a cast that makes finite values infinite", () => {
  const OVER = { big: f32(1, 7e4, -(2 ** 33)), far: f32(1e30), small: f32(0.5, Number.POSITIVE_INFINITY) };

  it("is told once a tensor, with how many and the largest", async () => {
    writeFileSync("over.safetensors", save(OVER));
    const { code, stderr } = await p2s(["convert", "over.safetensors", "f16.safetensors", "--dtype", "f16"]);
    expect(code).toBe(0);
    expect(stderr.match(/^warning:/gm)).toHaveLength(2);
    expect(stderr).toMatch(
      /"big": 2 finite values of F32 became infinity or NaN in F16, the largest 8589934592/,
    );
    expect(stderr).not.toContain('"small"');
  });

  it("is an error under --strict, and leaves no file", async () => {
    const args = ["convert", "over.safetensors", "strict.safetensors", "--dtype", "f16", "--strict"];
    const { code, stderr } = await p2s(args);
    expect(code).toBe(2);
    expect(stderr).toContain("became infinity or NaN");
    expect(existsSync("strict.safetensors")).toBe(false);
    const fits = ["convert", "over.safetensors", "bf16.safetensors", "--dtype", "bf16", "--strict"];
    expect(await p2s(fits)).toMatchObject({ code: 0, stderr: "" });
  });
});
