// The S3 servers of the suite: versitygw built by Go, moto from PyPI, each in an exact version and kept for the next run.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const VERSITYGW = "v1.8.0";

const root = join(import.meta.dirname, "../..");
const programs = join(root, ".tmp/s3");

// Building takes from one minute to ten, by the machine and its network.
const BUILD_TIMEOUT_MS = 600_000;

/** The program of versitygw; `undefined`, with a message, if it could not be built in ten minutes. */
export function installVersitygw(): string | undefined {
  const program = join(programs, `versitygw-${VERSITYGW}`, "versitygw");
  if (existsSync(program)) return program;
  console.log("building versitygw; this can take ten minutes, once");
  const folder = join(programs, `versitygw-${VERSITYGW}`);
  mkdirSync(folder, { recursive: true });
  const source = `github.com/versity/versitygw/cmd/versitygw@${VERSITYGW}`;
  if (run("go", ["install", source], { env: { GOBIN: folder }, timeout: BUILD_TIMEOUT_MS })) return program;
  console.log("versitygw was not built in ten minutes: going on without its tests");
  return undefined;
}

/** The program of moto's server, in a virtual environment of its own. */
export function installMoto(): string {
  const requirements = join(import.meta.dirname, "requirements.txt");
  const stamp = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const folder = join(programs, `moto-${stamp}`);
  const program = join(folder, "bin/moto_server");
  if (existsSync(join(folder, "ready"))) return program;
  console.log("installing moto");
  rmSync(folder, { recursive: true, force: true });
  run(process.env.PYTHON ?? "python3.11", ["-m", "venv", folder]);
  const pip = [
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--quiet",
    "--no-deps",
    "-r",
    requirements,
  ];
  run(join(folder, "bin/python"), pip);
  // Written last, so that an installation that broke off is made anew.
  writeFileSync(join(folder, "ready"), "");
  return program;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout?: number;
}

/** Runs a command; false if it took longer than the timeout. */
function run(command: string, args: readonly string[], { env = {}, timeout }: RunOptions = {}): boolean {
  const { status, error } = spawnSync(command, args, {
    stdio: "inherit",
    env: { ...process.env, ...env },
    ...(timeout !== undefined && { timeout }),
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === "ETIMEDOUT") return false;
  if (error !== undefined) throw new Error(`the S3 suite needs ${command}: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
  return true;
}
