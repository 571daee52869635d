// The S3 servers of the suite: versitygw built by Go, moto from PyPI, each in an exact version and kept for the next run.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const VERSITYGW = "v1.8.0";

const root = join(import.meta.dirname, "../..");
const programs = join(root, ".tmp/s3");

/** The program of versitygw; building it the first time takes from one minute to ten. */
export function installVersitygw(): string {
  const program = join(programs, `versitygw-${VERSITYGW}`, "versitygw");
  if (existsSync(program)) return program;
  console.log("building versitygw; this takes some minutes, once");
  const folder = join(programs, `versitygw-${VERSITYGW}`);
  mkdirSync(folder, { recursive: true });
  run("go", ["install", `github.com/versity/versitygw/cmd/versitygw@${VERSITYGW}`], { GOBIN: folder });
  return program;
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

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  if (error !== undefined) throw new Error(`the S3 suite needs ${command}: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}
