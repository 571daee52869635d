import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { save } from "pytree2safetensors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const COMMANDS = ["tree", "ls", "info", "stats", "show", "diff", "verify", "convert", "merge", "split"];
/** Every command with as few arguments as it takes. */
const CALLS: Readonly<Record<string, (file: string) => string[]>> = {
  tree: (file) => ["tree", file],
  ls: (file) => ["ls", file],
  info: (file) => ["info", file],
  stats: (file) => ["stats", file],
  show: (file) => ["show", file, "x"],
  diff: (file) => ["diff", file, file],
  verify: (file) => ["verify", file],
  convert: (file) => ["convert", file, "never.safetensors"],
  merge: (file) => ["merge", file, "-o", "never.safetensors"],
  split: (file) => ["split", file, "-o", "never"],
};

const folder = temporaryFolder();
const p2s = commandIn(folder);

beforeAll(async () => {
  await writeModels(folder);
});

describe("p2s", () => {
  it("says its version", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await p2s(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("shows all commands in its help", async () => {
    const { code, stdout } = await p2s(["--help"], { columns: 80 });
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  it.each(COMMANDS)("%s has help with examples that call it", async (command) => {
    const { code, stdout } = await p2s([command, "--help"], { columns: 80 });
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}# .*\n {2}\$ p2s /);
    expect(stdout).toContain(`$ p2s ${command} `);
    expect(stdout).toContain("--json");
  });

  it.each([
    [[], "Usage: p2s"],
    [["frob"], "unknown command 'frob'"],
    [["tre", "x"], "Did you mean tree?"],
    [["help", "tre"], "unknown command 'tre'"],
    [["tree"], "missing required argument 'file'"],
    [["tree", "model.safetensors", "--colour"], "unknown option '--colour'"],
    [["tree", "model.safetensors", "--depth", "0"], "positive whole number"],
    [["tree", "model.safetensors", "--keys", "yaml"], "pytree, dotted, slash, keystr"],
    [["tree", "model.safetensors", "--only", "nowhere*"], 'no tensor matches "nowhere*"'],
    [["diff", "model.safetensors", "model.safetensors", "--tolerance", "x"], "1e-5"],
    [["show", "model.safetensors", "head.bias", "--slice", "0, 0"], "2 entries"],
    [["convert", "model.safetensors", "x.safetensors", "--dtype", "bf17"], '"bf17" is not a dtype'],
    [["convert", "model.safetensors", "x.safetensors", "--rename", "a"], "expected from=to"],
    [["convert", "model.safetensors", "x.safetensors", "--shard", "big"], "size"],
    [["convert", "model.safetensors", "."], "is a folder"],
    [["merge", "model.safetensors"], "--output"],
  ])("ends with 2 and a reason for %j", async (args, reason) => {
    const { code, stdout, stderr } = await p2s(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(reason);
  });

  it.each(COMMANDS)("%s ends with 2 for a file that is not there, and for a folder", async (command) => {
    for (const file of ["nowhere.safetensors", "broken"]) {
      const { code, stderr, stdout } = await p2s(CALLS[command]!(file));
      expect({ file, code }).toEqual({ file, code: 2 });
      expect(stderr + stdout).toContain(file);
    }
  });

  it.each(COMMANDS)("%s ends with 1 for a broken file and names the fault", async (command) => {
    const { code, stderr, stdout } = await p2s(CALLS[command]!("broken/cut.safetensors"));
    expect(code).toBe(1);
    expect(stderr + stdout).toContain("MetadataIncompleteBuffer");
    expect(() => statSync(join(folder, "never.safetensors"))).toThrow("ENOENT");
  });

  it.each(COMMANDS)("%s prints JSON and nothing else when told to", async (command) => {
    const args =
      {
        show: ["show", "torch.safetensors", "ln_f.weight"],
        convert: ["convert", "torch.safetensors", "c.safetensors"],
        merge: ["merge", "torch.safetensors", "-o", "m.safetensors"],
        split: ["split", "torch.safetensors", "-o", "s"],
      }[command] ?? CALLS[command]!("torch.safetensors");
    const { code, stdout, stderr } = await p2s([...args, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(() => JSON.parse(stdout)).not.toThrow();
  });
});

describe("the terminal", () => {
  it("gets colours where it has them, and they take no columns", async () => {
    const args = ["tree", "torch.safetensors"];
    const { stdout } = await p2s(args, { colors: 1 });
    expect(stdout).toContain("\u001b[");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are
    expect(stdout.replace(/\u001b\[[\d;]*m/g, "")).toBe((await p2s(args)).stdout);
  });

  it("gets ASCII where it has no more", async () => {
    for (const args of [
      ["tree", "model.safetensors"],
      ["stats", "torch.safetensors"],
      ["stats", "torch.safetensors", "wte"],
      ["diff", "torch.safetensors", "tuned.safetensors"],
      ["verify", "torch.safetensors"],
    ]) {
      const { stdout } = await p2s(args, { unicode: false });
      expect(stdout.length).toBeGreaterThan(10);
      expect(stdout).toMatch(/^[\x20-\x7e\n]*$/);
    }
  });

  it.each([
    ["tree", "model.safetensors"],
    ["info", "model.safetensors"],
    ["info", "shards/model.safetensors.index.json"],
    ["stats", "torch.safetensors"],
    ["stats", "torch.safetensors", "wte"],
    ["stats", "diverged.safetensors"],
    ["show", "torch.safetensors", "h.0.attn.weight"],
    ["diff", "torch.safetensors", "tuned.safetensors"],
    ["verify", "broken/faults.safetensors"],
    ["convert", "torch.safetensors", "x", "-n", "--keys", "pytree", "--dtype", "bf16"],
    ["split", "torch.safetensors", "-o", "x", "-n"],
  ])("of 40 columns holds every line of %s %s %s", async (...args) => {
    const { stdout } = await p2s(args, { columns: 40 });
    const long = stdout.split("\n").filter((line) => [...line].length > 40);
    expect(long).toEqual([]);
    expect(stdout).toMatchSnapshot();
  });

  it("is safe from names that would write to it", async () => {
    writeFileSync(join(folder, "evil.safetensors"), save({ "\u001b[31mred\u0007\nline\u202e": 1 }));
    for (const args of [
      ["tree", "evil.safetensors"],
      ["stats", "evil.safetensors"],
      ["show", "evil.safetensors", "*"],
      ["verify", "--nan", "evil.safetensors"],
    ]) {
      const { stdout, stderr } = await p2s(args);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not come out
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    }
  });

  it("shows a bar on standard error for long work, and only where that is a terminal", async () => {
    let time = 0;
    const now = () => (time += 300);
    const shown = await p2s(["stats", "model.safetensors"], { tty: 60, now });
    expect(shown.stderr).toMatch(/reading .*█.* %/);
    const silent = await p2s(["stats", "model.safetensors"], { now });
    expect(silent.stderr).toBe("");
    expect(shown.stdout).toBe(silent.stdout);
  });
});

describe("over HTTP", () => {
  const requests: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url!, "http://localhost");
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(folder, url.pathname));
    } catch {
      response.writeHead(404).end();
      return;
    }
    requests.push(request.headers.range);
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
    const start = range ? Number(range[1]) : 0;
    const end = range?.[2] ? Math.min(Number(range[2]) + 1, bytes.length) : bytes.length;
    response.writeHead(range ? 206 : 200, {
      "accept-ranges": "bytes",
      "content-length": end - start,
      ...(range && { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` }),
    });
    response.end(bytes.subarray(start, end));
  });
  let base: string;

  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it("shows the same tree as of the file, for one request of the header", async () => {
    requests.length = 0;
    const remote = await p2s(["tree", `${base}/model.safetensors`]);
    expect(remote).toEqual(await p2s(["tree", "model.safetensors"]));
    expect(requests).toEqual(["bytes=0-65535"]);
  });

  it("reads sharded checkpoints", async () => {
    const [remote, local] = await Promise.all([
      p2s(["info", `${base}/shards/model.safetensors.index.json`, "--json"]),
      p2s(["info", "shards/model.safetensors.index.json", "--json"]),
    ]);
    expect({ ...JSON.parse(remote.stdout), file: "" }).toEqual({ ...JSON.parse(local.stdout), file: "" });
    expect(
      await p2s(["diff", `${base}/shards/model.safetensors.index.json`, "model.safetensors"]),
    ).toMatchObject({ code: 0 });
  });

  it("converts what it reads", async () => {
    mkdirSync(join(folder, "http"), { recursive: true });
    expect(await p2s(["convert", `${base}/model.safetensors`, "http/copy.safetensors"])).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(readFileSync(join(folder, "http/copy.safetensors"))).toEqual(
      readFileSync(join(folder, "model.safetensors")),
    );
  });

  it("ends with 2 where nothing is", async () => {
    const { code, stderr } = await p2s(["tree", `${base}/nowhere.safetensors`]);
    expect(code).toBe(2);
    expect(stderr).toContain("404");
  });
});
