import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "p2s-example-tfjs-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The lines that the example prints about its steps, in a process of its own. */
async function train(file: string, steps: number): Promise<string[]> {
  const args = ["--import", "tsx", "examples/tfjs.ts", join(folder, file), String(steps)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return stdout.split("\n").filter((line) => line.startsWith("step "));
}

describe("examples/tfjs.ts", () => {
  it("goes on in a fresh process with the very losses of a run that never stopped", async () => {
    const whole = await train("whole.safetensors", 24);
    const halves = [await train("halves.safetensors", 12), await train("halves.safetensors", 12)].flat();
    expect(whole).toHaveLength(24);
    expect(halves).toEqual(whole);
  });
});
