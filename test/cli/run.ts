/** Runs the command: in this process with a terminal of the test's, or built and as a process of its own. */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { buildCli } from "../../scripts/build-cli.ts";
import { run } from "../../src/cli/program.ts";
import { createTerminal, type Outlet } from "../../src/cli/terminal/terminal.ts";

/** What a run of the command has left behind. */
export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The terminal that a command gets. */
export interface TerminalOptions {
  readonly columns?: number;
  readonly colors?: 0 | 1;
  readonly unicode?: boolean;
  readonly stdin?: readonly Uint8Array[];
  /** Standard error is a terminal of so many columns. */
  readonly tty?: number;
  readonly now?: () => number;
  readonly signal?: AbortSignal;
}

/** A folder of this test file's own, removed after its tests. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "p2s-cli-")));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes `folder` the working folder of this test file, and gives a function that runs the command there. */
export function commandIn(folder: string) {
  const before = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => process.chdir(before));
  return p2s;
}

/** Runs the command in this process; standard output as bytes is for commands that write a file there. */
export async function p2s(
  args: readonly string[],
  options: TerminalOptions = {},
): Promise<Result & { readonly bytes: Buffer }> {
  const { columns, colors = 0, unicode = true, stdin = [], tty, now = () => performance.now() } = options;
  const out = new Collector();
  const err = Object.assign(new Collector(), tty === undefined ? {} : { isTTY: true, columns: tty });
  const terminal = createTerminal({
    stdin: chunks(stdin),
    stdout: out as Outlet,
    stderr: err as Outlet,
    colors: { stdout: colors, stderr: colors },
    unicode,
    columns,
    signal: options.signal ?? new AbortController().signal,
    now,
  });
  const code = await run(args, terminal);
  const result = { code, stdout: out.text(), stderr: err.text(), bytes: out.bytes() };
  // What a test expects of a result is its text.
  return Object.defineProperty(result, "bytes", { enumerable: false });
}

async function* chunks(list: readonly Uint8Array[]) {
  yield* list;
}

class Collector extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    done();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  text(): string {
    return this.bytes().toString("utf8");
  }
}

/** How a process is run. */
export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node itself. */
  readonly node?: readonly string[];
  /** What standard input, output and error are, as `spawn` takes them. */
  readonly stdio?: readonly ("ignore" | "pipe" | number)[];
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
  const start = (args: readonly string[], options: ProcessOptions = {}) => {
    const { env = {}, node = [], stdio = ["ignore", "pipe", "pipe"] } = options;
    return spawn(process.execPath, [...node, main, ...args], {
      cwd: folder,
      // Nothing of the terminal that the tests run in.
      env: { PATH: process.env.PATH, TZ: "UTC", LANG: "C.UTF-8", ...env },
      stdio: [...stdio],
    });
  };
  const command = (args: readonly string[], options: ProcessOptions = {}) => finish(start(args, options));
  return Object.assign(command, { start, main });
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
