/** The command's messages speak of the command. */
import { writeFileSync } from "node:fs";
import { save, serialize } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { explain } from "../../src/cli/args/explain.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);

beforeAll(async () => {
  const serialized = await serialize({ x: Float32Array.of(0.5), name: "a" });
  writeFileSync("half.safetensors", save({ x: Float32Array.of(0.5) }));
  writeFileSync("text.safetensors", Buffer.from(await (await serialized.blob()).arrayBuffer()));
  writeFileSync("deep.safetensors", save({ ["@a".repeat(1200)]: 1 }));
  writeFileSync("gaps.safetensors", save({ "@l#99999999999": 1 }));
  writeFileSync("wide.safetensors", save({ "@l#3000000": 1 }));
});

describe("an error", () => {
  it.each([
    [["convert", "half.safetensors", "o.safetensors", "--dtype", "x=i8"], "--lossy"],
    [["convert", "deep.safetensors", "o.safetensors", "--keys", "dotted"], "deeper than"],
    [["convert", "gaps.safetensors", "o.safetensors", "--keys", "dotted"], ""],
    [["convert", "wide.safetensors", "o.safetensors", "--keys", "dotted"], "list of 3000001"],
    [["convert", "half.safetensors", "o", "--shard", "huge"], "size"],
    [["convert", "half.safetensors", "x y.safetensors", "--shard", "1GB"], "shards"],
    [["convert", "half.safetensors", "nowhere/o.safetensors"], "nowhere"],
    [["convert", "half.safetensors", "o", "--shard", "0"], "--shard <size>"],
    [["merge", "half.safetensors", "-o", "o", "--shard", "huge"], "--shard <size>"],
    [["convert", "text.safetensors", "o.safetensors", "--keys", "dotted"], "--structure auto"],
    [["convert", "half.safetensors", "o.safetensors", "--metadata", "pytree2safetensors=x"], "another key"],
    [
      ["report", "half.safetensors", "-o", "nowhere/r.html"],
      "nowhere/r.html: the folder nowhere doesn't exist",
    ],
    [
      ["stats", "half.safetensors", "--plot", "nowhere/p.svg"],
      "nowhere/p.svg: the folder nowhere doesn't exist",
    ],
  ])("of %j speaks of no option of the API", async (args, says) => {
    const { code, stderr } = await p2s(args);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(stderr).not.toMatch(/\{ |\}|max[A-Z]|shardName|serialize|saveFile|pass /);
  });

  it("says which file it is about", async () => {
    const text = new TextEncoder().encode("no safetensors file");
    const piped = await p2s(["ls", "-"], { stdin: [text] });
    expect(piped).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: standard input: this is/),
    });
    writeFileSync("settings.json", '{"a": 1}');
    const index = await p2s(["ls", "settings.json"]);
    expect(index).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: settings.json: invalid/) });
  });

  it("breaks between words on a terminal", async () => {
    const { stderr } = await p2s(["convert", "half.safetensors", "o.safetensors", "--dtype", "x=i8"], {
      tty: 40,
    });
    const lines = stderr.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
    const whole = await p2s(["convert", "half.safetensors", "o.safetensors", "--dtype", "x=i8"]);
    expect(lines.join(" ")).toBe(whole.stderr.trimEnd());
  });
});

describe("explain", () => {
  it.each([
    ["no; pass { lossy: true } to go on", "no"],
    ["a; b; raise maxDepth if that is intended", "a; b"],
    ["filled with null (maxGaps)", "filled with null"],
    ["HTTP 401; pass `headers` with a token", "HTTP 401"],
    ["plain; and simple", "plain; and simple"],
    [
      "s3://b/out: the server answered 404 NoSuchKey: no key",
      "s3://b/out: the server answered 404 NoSuchKey: no key; end the address of a folder with /",
    ],
    [
      "s3://b/x.safetensors: the server answered 404 NoSuchKey: no key",
      "s3://b/x.safetensors: the server answered 404 NoSuchKey: no key",
    ],
    ['tensor "{ a: 1 }" is wrong', 'tensor "{ a: 1 }" is wrong'],
  ])("makes of %j %j", (message, text) => expect(explain(message)).toBe(text));
});
