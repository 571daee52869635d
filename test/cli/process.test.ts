/** What only a process of its own shows, with the built command: exit codes, pipes, signals, colours, memory. */
import { once } from "node:events";
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { loadPytree, save, Tensor } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { fileOf, Pair, saveWithClass, writeModels } from "./models.ts";
import { builtCommand, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
let built: Awaited<ReturnType<typeof builtCommand>>;

// Beyond 2^31 bytes, where a single read ends the process of Node 20.
const HUGE = 550_000_000;
// More than the memory that a command may take.
const LARGE = 100_000_000;
// Node itself takes about 50 MiB, a few chunks as much again; a quarter of a file would be more than this.
const MAX_RSS_MIB = 320;

/** A file with one tensor that takes no space on the disk: all of it is a hole, save what `last` gives. */
function writeSparse(file: string, elements: number, last = 0): void {
  const bytes = elements * 4;
  const head = fileOf({ w: { dtype: "F32", shape: [elements], data_offsets: [0, bytes] } });
  const fd = openSync(join(folder, file), "w");
  writeSync(fd, head);
  ftruncateSync(fd, head.byteLength + bytes);
  if (last !== 0)
    writeSync(fd, new Uint8Array(Float32Array.of(last).buffer), 0, 4, head.byteLength + bytes - 4);
  closeSync(fd);
}

beforeAll(async () => {
  built = await builtCommand(folder);
  await writeModels(folder);
  writeSparse("huge.safetensors", HUGE);
  writeSparse("large.safetensors", LARGE);
  writeSparse("other.safetensors", LARGE, 1.5);
});

describe("the built command", () => {
  it("ends with the code of its command", async () => {
    expect(await built(["diff", "torch.safetensors", "tuned.safetensors"])).toMatchObject({ code: 1 });
    expect(await built(["verify", "torch.safetensors"])).toMatchObject({ code: 0 });
    expect(await built(["tree", "nowhere.safetensors"])).toMatchObject({ code: 2, stdout: "" });
  });

  it("has colours where they are asked for, and none under NO_COLOR or in a pipe", async () => {
    const args = ["tree", "torch.safetensors"];
    const forced = await built(args, { env: { FORCE_COLOR: "1" } });
    const refused = await built(args, { env: { FORCE_COLOR: "1", NO_COLOR: "1" } });
    expect(forced.stdout).toContain("\u001b[");
    expect(refused.stdout).not.toContain("\u001b[");
    expect((await built(args)).stdout).toBe(refused.stdout);
  });

  it("is content when the pipe is closed because enough was seen", async () => {
    const tensors = Array.from({ length: 20_000 }, (_, i) => {
      const size = i < 3 ? 1 : 2;
      return [`layers#${i}.weight`, new Tensor("F32", [size], new Float32Array(size))] as const;
    });
    writeFileSync(at("many.safetensors"), save(Object.fromEntries(tensors)));
    const child = built.start(["tree", "--all", "many.safetensors"]);
    let stderr = "";
    child.stderr!.on("data", (chunk: Buffer) => (stderr += chunk));
    await once(child.stdout!, "data");
    child.stdout!.destroy();
    const [code] = await once(child, "close");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it
    .runIf(process.platform === "linux")
    .each([
      [["tree", "torch.safetensors"]],
      [["ls", "torch.safetensors", "--json"]],
      [["convert", "torch.safetensors", "-"]],
      [["--help"]],
    ])("says in one line that standard output is full: %j", async (args) => {
    const full = openSync("/dev/full", "w");
    const { code, stderr } = await built(args, { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .*ENOSPC.*\n$/);
  });

  it("reads a file from standard input, and writes one to standard output", async () => {
    const input = openSync(at("torch.safetensors"), "r");
    const output = openSync(at("copy.safetensors"), "w");
    const result = await built(["convert", "-", "/dev/stdout"], { stdio: [input, output, "pipe"] });
    closeSync(input);
    closeSync(output);
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/^standard output {2}11 tensors, .*\n$/);
    expect(readFileSync(at("copy.safetensors"))).toEqual(readFileSync(at("torch.safetensors")));
  });

  it("takes classes that it does not know along when it renames", async () => {
    await saveWithClass(at("classes.safetensors"));
    for (const [from, to, rule] of [
      ["classes", "moved", "@pair=@deep@duo"],
      ["moved", "back", "@deep@duo=@pair"],
    ])
      expect(
        await built(["convert", `${from}.safetensors`, `${to}.safetensors`, "--rename", rule!]),
      ).toMatchObject({ code: 0, stderr: "" });
    const moved = (await loadPytree(at("moved.safetensors"))) as { deep: { duo: unknown } };
    expect(moved.deep.duo).toBeInstanceOf(Pair);
    expect(await built(["diff", "back.safetensors", "classes.safetensors"])).toMatchObject({ code: 0 });
  });

  it("does not append its output to its own input", async () => {
    writeFileSync(at("own.safetensors"), readFileSync(at("torch.safetensors")));
    const output = openSync(at("own.safetensors"), "a");
    const result = await built(["convert", "own.safetensors", "-"], { stdio: ["ignore", output, "pipe"] });
    closeSync(output);
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining("own.safetensors") });
    expect(readFileSync(at("own.safetensors"))).toEqual(readFileSync(at("torch.safetensors")));
  });
});

describe("a file larger than memory may be, within 64 MiB of heap", () => {
  // On Linux, `maxRSS` begins with what the parent had when it started the process.
  const report = `
    import { existsSync, readFileSync } from "node:fs";
    const status = "/proc/self/status";
    const peak = () => existsSync(status)
      ? /VmHWM:\\s+(\\d+)/.exec(readFileSync(status, "utf8"))[1]
      : process.resourceUsage().maxRSS;
    process.on("exit", () => process.stderr.write("rss=" + peak()));
  `;
  const node = ["--max-old-space-size=64", "--import", `data:text/javascript,${encodeURIComponent(report)}`];

  it.each([
    { args: ["stats", "other.safetensors"], code: 0, says: "100,000,000" },
    // Of each tensor no more is kept than what is shown of it.
    { args: ["stats", "many.safetensors", "--all"], code: 0, says: "40.0 k" },
    { args: ["verify", "large.safetensors"], code: 0, says: "1 tensor, 400 MB" },
    { args: ["diff", "large.safetensors", "other.safetensors"], code: 1, says: "1 changed" },
    {
      args: ["convert", "large.safetensors", "/dev/null", "--dtype", "bf16"],
      code: 0,
      says: "400 MB → 200 MB",
    },
    { args: ["show", "huge.safetensors", "w"], code: 0, says: "[0. 0. 0. ... 0. 0. 0.]" },
  ])("$args.0", async ({ args, code, says }) => {
    const result = await built(args, { node });
    expect(result.code).toBe(code);
    expect(result.stdout).toContain(says);
    const rss = Number(/rss=(\d+)/.exec(result.stderr)?.[1]) / 1024;
    expect(rss).toBeLessThan(MAX_RSS_MIB);
  });
});

describe("Ctrl-C", () => {
  it("ends a conversion with 130 and leaves nothing behind", async () => {
    const target = join(folder, "target");
    mkdirSync(target);
    const child = built.start(["convert", "huge.safetensors", "target/out.safetensors"]);
    const closed = once(child, "close");
    while (readdirSync(target).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    expect(readdirSync(target)).toEqual([]);
  });
});
