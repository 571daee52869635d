import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, it } from "vitest";

const FLAGS = ["--expose-gc", "--no-flush-bytecode", "--trace-deopt", "--trace-opt"];
// Of the scanner of headers, their keys, the builder of trees, the walk of trees, the writer of headers.
const HOT = ["string", "isIn", "add", "scan", "addName", "addNew", "visit", "raw"];

it("keeps the code of hot methods through collections of garbage", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "pytree2safetensors-shapes-"));
  const outfile = join(folder, "child.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("shapes-child.ts", import.meta.url))],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    ignoreAnnotations: true,
  });
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, outfile], {
    maxBuffer: 2 ** 28,
  });
  await rm(folder, { recursive: true });
  const named = (line: RegExp) => new Set(Array.from(stdout.matchAll(line), (match) => match[1]!));
  const compiled = named(/completed optimizing 0x\S+ <JSFunction (?:\S+\.)?(\S+) /g);
  const forgotten = named(/<SharedFunctionInfo (\S+)>\).*weak objects/g);
  expect(HOT.some((name) => compiled.has(name))).toBe(true);
  expect(forgotten).toContain("controlSum");
  expect(HOT.filter((name) => forgotten.has(name))).toEqual([]);
});
