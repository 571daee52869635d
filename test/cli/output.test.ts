/** Where results may go: never over what is read, never under the name of another format; `-` is a pipe. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);

/** All files below the folder, with their bytes. */
function snapshot(): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, "latin1")]));
}

/** Runs a command that is to refuse before it touches anything. */
async function refused(...args: string[]): Promise<string> {
  const before = snapshot();
  const { code, stderr, stdout } = await p2s(args);
  expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
  expect(snapshot()).toEqual(before);
  return stderr;
}

beforeAll(async () => {
  await writeModels(folder);
  copyFileSync("torch.safetensors", "a.safetensors");
  copyFileSync("torch.safetensors", "h.safetensors");
  linkSync("a.safetensors", "hard.safetensors");
  symlinkSync("a.safetensors", "soft.safetensors");
  mkdirSync("sub");
  symlinkSync("..", "sub/up");
  mkdirSync("parts");
  linkSync("a.safetensors", "parts/wte.safetensors");
  cpSync("shards", "checkpoint", { recursive: true });
});

describe("what is read is never replaced or removed", () => {
  const SHARD = "checkpoint/model-00001-of-00002.safetensors";

  it.each([
    ["a hard link", ["convert", "a.safetensors", "hard.safetensors"]],
    ["a symlink", ["convert", "a.safetensors", "soft.safetensors"]],
    ["the file behind a symlink", ["convert", "soft.safetensors", "a.safetensors"]],
    ["a folder that is a symlink", ["convert", "hard.safetensors", "sub/up/a.safetensors"]],
    ["itself with less in it", ["convert", "a.safetensors", "a.safetensors", "--drop", "wte"]],
    ["itself with a part of it", ["convert", "a.safetensors", "./a.safetensors", "--select", "wte"]],
    ["a shard of its index", ["convert", "checkpoint/model.safetensors.index.json", SHARD]],
    ["the other shards, by a sharded save", ["convert", SHARD, "checkpoint", "--shard", "10KB"]],
    [
      "the index's shards, with less in them",
      [
        "convert",
        "checkpoint/model.safetensors.index.json",
        "checkpoint",
        "--shard",
        "10KB",
        "--drop",
        "head",
      ],
    ],
    ["one of several inputs", ["merge", "h.safetensors", "a.safetensors", "-o", "a.safetensors"]],
    ["an input below a key", ["merge", "x=a.safetensors", "-o", "a.safetensors"]],
    ["an input by a link", ["merge", "x=a.safetensors", "-o", "hard.safetensors"]],
    ["its input, as a part", ["split", "h.safetensors", "-o", "."]],
    ["its input, as a part that is a link", ["split", "a.safetensors", "-o", "parts"]],
    ["its input, in a dry run too", ["split", "h.safetensors", "-o", ".", "-n"]],
  ])("not by %s", async (_, args) => {
    expect(await refused(...args)).toMatch(/replace or remove ".*", which it reads|replace or remove/);
  });

  it("but a file may be rewritten whole", async () => {
    copyFileSync("torch.safetensors", "whole.safetensors");
    expect(await p2s(["convert", "whole.safetensors", "./whole.safetensors"])).toMatchObject({ code: 0 });
    expect(await p2s(["merge", "whole.safetensors", "-o", "whole.safetensors"])).toMatchObject({ code: 0 });
    expect(readFileSync("whole.safetensors")).toEqual(readFileSync("torch.safetensors"));
  });

  it("and a checkpoint may be cut anew in its place", async () => {
    cpSync("shards", "recut", { recursive: true });
    const index = "recut/model.safetensors.index.json";
    expect(await p2s(["convert", index, "recut", "--shard", "50KB"])).toMatchObject({ code: 0 });
    expect(await p2s(["diff", index, "model.safetensors"])).toMatchObject({ code: 0 });
    expect(readdirSync("recut").length).toBeGreaterThan(3);
  });

  it("and other files may be replaced, old shards too", async () => {
    expect(await p2s(["convert", "a.safetensors", "new", "--shard", "2KB"])).toMatchObject({ code: 0 });
    expect(await p2s(["convert", "a.safetensors", "new", "--shard", "4KB"])).toMatchObject({ code: 0 });
    expect(await p2s(["convert", "model.safetensors", "h.safetensors"])).toMatchObject({ code: 0 });
  });
});

describe("the name of an output says what it is", () => {
  it.each([
    "out.npz",
    "out.gguf",
    "out.bin",
    "out.pt",
    "OUT.PTH",
    "out.h5",
    "out.onnx",
    "out.msgpack",
    "out.ckpt",
    "out.json",
    "out.zip",
    "out.npz.tmp",
    "out.somethingelse",
    "x.safetensors.index.json",
    "x.safetensors.index.fp16.json",
    "x.safetensors.gz",
  ])("so %s is refused", async (name) => {
    await refused("convert", "torch.safetensors", name);
    await refused("convert", "torch.safetensors", name, "-n");
    await refused("merge", "torch.safetensors", "-o", name);
  });

  it.each(["m.json", "out.npz", "out.bin", "out.gguf/", "x.safetensors.index.fp16.json", "out.tar"])(
    "and a folder called %s too",
    async (name) => {
      await refused("convert", "torch.safetensors", name, "--shard", "1KB");
      await refused("split", "torch.safetensors", "-o", name);
    },
  );

  it("but what says nothing of a format is fine", async () => {
    for (const name of ["plain", "model-v1.0", "model.safetensors.bak", "step.1200", ".hidden.safetensors"]) {
      expect(await p2s(["convert", "torch.safetensors", name])).toMatchObject({ code: 0 });
      expect(readFileSync(name)).toEqual(readFileSync("torch.safetensors"));
    }
    expect(await p2s(["convert", "torch.safetensors", "run.v2", "--shard", "4KB"])).toMatchObject({
      code: 0,
    });
    expect(existsSync("run.v2/model.safetensors.index.json")).toBe(true);
  });
});

describe("-", () => {
  const torch = () => readFileSync("torch.safetensors");

  it.each([
    ["tree", "-"],
    ["ls", "-"],
    ["info", "-"],
    ["stats", "-", "wte"],
    ["show", "-", "ln_f.weight"],
    ["verify", "-"],
    ["diff", "-", "torch.safetensors"],
    ["diff", "torch.safetensors", "/dev/stdin"],
    ["split", "-", "-o", "piped"],
  ])("is standard input in %s %s %s", async (...args) => {
    // In two pieces, as pipes give them.
    const bytes = torch();
    const result = await p2s(args, { stdin: [bytes.subarray(0, 100), bytes.subarray(100)] });
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync("-")).toBe(false);
  });

  it.each(["-", "/dev/stdout"])(
    "is standard output as %s, and the report goes to standard error",
    async (out) => {
      const { code, stderr, bytes } = await p2s(["convert", "torch.safetensors", out]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "standard output  11 tensors, 7.74 kB\n" });
      expect(bytes).toEqual(torch());
      const merged = await p2s(["merge", "torch.safetensors", "-o", out, "--json"]);
      expect(merged.bytes).toEqual(torch());
      expect(JSON.parse(merged.stderr)).toMatchObject({ tensors: 11 });
      expect(existsSync("-")).toBe(false);
    },
  );

  it("is both at once", async () => {
    const { bytes } = await p2s(["convert", "-", "-", "--dtype", "bf16"], { stdin: [torch()] });
    expect(load(bytes)["wte.weight"]!.dtype).toBe("BF16");
  });

  it("leaves no temporary file behind", async () => {
    const litter = () => readdirSync(tmpdir()).filter((name) => /^p2s-[^c]/.test(name));
    const before = litter();
    await p2s(["tree", "-"], { stdin: [torch()] });
    await p2s(["tree", "-"], { stdin: [torch().subarray(0, 50)] });
    expect(litter()).toEqual(before);
  });

  it("can be read once, and is one file", async () => {
    expect(await p2s(["diff", "-", "-"], { stdin: [torch()] })).toMatchObject({ code: 2 });
    await refused("convert", "torch.safetensors", "-", "--shard", "1KB");
    await refused("split", "torch.safetensors", "-o", "-");
  });
});
