import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { freshFolder } from "../io/support.ts";
import { BOMBS } from "./bombs.ts";
import type { Measurement } from "./measure.ts";

// All that is allocated on the way, most of it garbage soon: header, names, tensors, the tree in the making, the tree.
const LIMIT = 150;
// A container costs some 300 bytes on the way, and two letters of a name make one; MAX_DEPTH bounds how many a name has.
const COMB_LIMIT = 400;
// What the first use of anything costs, whatever the size of the file.
const ALLOWANCE = 2 ** 20;

// A collection on the way hides what was allocated before it, so the most of several runs is the truth.
async function measureAll(): Promise<Map<string, Measurement[]>> {
  const program = join(await freshFolder(), "measure.mjs");
  // One file of plain JavaScript starts in a tenth of the time. The package's list of side effects is about `dist`.
  await build({
    entryPoints: [join(import.meta.dirname, "measure.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    ignoreAnnotations: true,
  });
  const [first, ...others] = await Promise.all([measureOnce(program), measureOnce(program)]);
  for (const [name, measurements] of first!) {
    const all = [measurements, ...others.map((other) => other.get(name)!)];
    first!.set(
      name,
      measurements.map((measurement, size) => ({
        ...measurement,
        allocated: Math.max(...all.map((run) => run[size]!.allocated)),
      })),
    );
  }
  return first!;
}

async function measureOnce(program: string): Promise<Map<string, Measurement[]>> {
  const flags = ["--expose-gc", "--max-semi-space-size=1024", "--min-semi-space-size=1024"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, "25000", "4"]);
  const measured = new Map<string, Measurement[]>();
  for (const line of stdout.trim().split("\n")) {
    const measurement = JSON.parse(line) as Measurement;
    measured.set(measurement.name, [...(measured.get(measurement.name) ?? []), measurement]);
  }
  return measured;
}

describe("tree bombs", () => {
  it("are errors or bounded trees, and allocate in proportion to their files, small as they are and large", async () => {
    const measured = await measureAll();
    expect([...measured.keys()]).toEqual(BOMBS.map(({ name }) => name));
    const faults: string[] = [];
    for (const { name, code } of BOMBS) {
      const [small, large] = measured.get(name)!;
      const limit = /^combs/.test(name) ? COMB_LIMIT : LIMIT;
      for (const { code: found, allocated, fileBytes } of [small!, large!]) {
        if (found !== (code ?? null)) faults.push(`${name}: expected ${code}, found ${found}`);
        if (allocated > limit * fileBytes + ALLOWANCE)
          faults.push(`${name}: ${allocated} bytes for a file of ${fileBytes}`);
      }
      const [growth, fileGrowth] = [large!.allocated / small!.allocated, large!.fileBytes / small!.fileBytes];
      if (large!.allocated > 1.5 * fileGrowth * small!.allocated + ALLOWANCE)
        faults.push(
          `${name}: ${growth.toFixed(1)} times as much for a file ${fileGrowth.toFixed(1)} times as large`,
        );
    }
    expect(faults).toEqual([]);
  });
});
