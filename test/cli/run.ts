import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { buildCli } from "../../scripts/build-cli.ts";

/** What a process has left behind. */
export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a process is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node itself. */
  readonly node?: readonly string[];
}

/** A folder of this test file's own, removed after its tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "p2s-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Builds the command, and gives a function that runs it as a process in `folder`. */
export async function builtCommand(folder: string) {
  const outdir = join(folder, ".package/dist/cli");
  mkdirSync(outdir, { recursive: true });
  copyFileSync(
    fileURLToPath(new URL("../../package.json", import.meta.url)),
    join(folder, ".package/package.json"),
  );
  await buildCli(outdir);
  const main = join(outdir, "main.js");
  const p2s = (args: readonly string[], options: RunOptions = {}) => finish(start(args, options));
  const start = (args: readonly string[], { cwd = folder, env = {}, node = [] }: RunOptions = {}) =>
    spawn(process.execPath, [...node, main, ...args], {
      cwd,
      // Nothing of the terminal that the tests run in.
      env: { PATH: process.env.PATH, TZ: "UTC", LANG: "C.UTF-8", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  return Object.assign(p2s, { start, main });
}

async function finish(child: ReturnType<typeof spawn>): Promise<Result> {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout?.on("data", (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.stderr.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const text = (list: Buffer[]) => Buffer.concat(list).toString("utf8");
  return { code, stdout: text(chunks.stdout), stderr: text(chunks.stderr) };
}
