import { once } from "node:events";
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { fileOf } from "./models.ts";
import { builtCommand, temporaryFolder } from "./run.ts";

// Beyond 2^31 bytes, where a single read ends the process of Node 20.
const ELEMENTS = 550_000_000;
// Node itself takes about 50 MiB, a few chunks as much again; a quarter of a file would be more than this.
const MAX_RSS_MIB = 320;

const folder = temporaryFolder();
let p2s: Awaited<ReturnType<typeof builtCommand>>;

/** A file with one tensor that takes no space on the disk: all of it is a hole, save what `last` gives. */
function writeSparse(file: string, name: string, last = 0): void {
  const bytes = ELEMENTS * 4;
  const head = fileOf({ [name]: { dtype: "F32", shape: [ELEMENTS], data_offsets: [0, bytes] } });
  const fd = openSync(join(folder, file), "w");
  writeSync(fd, head);
  ftruncateSync(fd, head.byteLength + bytes);
  if (last !== 0)
    writeSync(fd, new Uint8Array(Float32Array.of(last).buffer), 0, 4, head.byteLength + bytes - 4);
  closeSync(fd);
}

beforeAll(async () => {
  p2s = await builtCommand(folder);
  writeSparse("huge.safetensors", "w");
  writeSparse("other.safetensors", "w", 1.5);
});

describe("a file of 2.2 GB within 64 MiB of heap", () => {
  const report = 'process.on("exit", () => process.stderr.write("rss=" + process.resourceUsage().maxRSS));';
  const node = ["--max-old-space-size=64", "--import", `data:text/javascript,${encodeURIComponent(report)}`];

  it.each([
    { args: ["stats", "other.safetensors"], code: 0, says: "550,000,000" },
    { args: ["verify", "huge.safetensors"], code: 0, says: "1 tensor, 2.20 GB" },
    { args: ["diff", "huge.safetensors", "other.safetensors"], code: 1, says: "1 changed" },
    {
      args: ["convert", "huge.safetensors", "/dev/null", "--dtype", "bf16"],
      code: 0,
      says: "2.20 GB → 1.10 GB",
    },
    { args: ["show", "huge.safetensors", "w"], code: 0, says: "[0. 0. 0. ... 0. 0. 0.]" },
  ])("$args.0", async ({ args, code, says }) => {
    const result = await p2s(args, { node });
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
    const child = p2s.start(["convert", "huge.safetensors", "target/out.safetensors"]);
    const closed = once(child, "close");
    while (readdirSync(target).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    expect(readdirSync(target)).toEqual([]);
  });
});
