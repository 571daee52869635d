import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npm, root } from "./npm.ts";

/** A JavaScript runtime of an exact version, from the npm registry. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  /** The npm package that has the program for this machine, and where in it. */
  readonly package: string;
  readonly program: string;
  /** What stands before the script on the command line. */
  readonly args: readonly string[];
}

const { platform, arch } = process;
const exe = platform === "win32" ? ".exe" : "";

// The `node` package fetches its program by an install script; these are the packages that it would fetch.
function node(version: string): Runtime {
  const system = platform === "win32" ? "win" : platform;
  const program = platform === "win32" ? "bin/node.exe" : "bin/node";
  return { name: "node", version, package: `node-${system}-${arch}`, program, args: [] };
}

function deno(version: string): Runtime {
  const libc = platform === "linux" ? "-glibc" : "";
  // Nothing from the network, and `node_modules` as npm made it.
  const args = ["run", "--allow-all", "--no-remote", "--node-modules-dir=manual", "--quiet"];
  return { name: "deno", version, package: `@deno/${platform}-${arch}${libc}`, program: `deno${exe}`, args };
}

function bun(version: string): Runtime {
  const system = platform === "win32" ? "windows" : platform;
  const machine = arch === "arm64" ? "aarch64" : arch;
  const program = `bin/bun${exe}`;
  return {
    name: "bun",
    version,
    package: `@oven/bun-${system}-${machine}`,
    program,
    args: ["run", "--no-install"],
  };
}

/** The oldest Node that is supported, the lines after it, the newest; and the others. */
export const RUNTIMES: readonly Runtime[] = [
  node("20.20.2"),
  node("22.23.3"),
  node("24.21.0"),
  node("26.10.0"),
  deno("2.9.6"),
  bun("1.4.5"),
];

/** Of several runtimes the newest Node, for what the machine's own may be too old for. */
export const NEWEST_NODE = RUNTIMES[3]!;

/** The path of a runtime's program, installed if it is not there yet. */
export function install(runtime: Runtime): string {
  const folder = join(root, "node_modules", ".cache", "runtimes", `${runtime.name}-${runtime.version}`);
  const program = join(folder, "node_modules", runtime.package, runtime.program);
  if (!existsSync(program)) fetchInto(folder, runtime);
  const { status, stdout, stderr } = spawnSync(program, ["--version"], { encoding: "utf8" });
  if (status !== 0 || !stdout.includes(runtime.version)) {
    throw new Error(`${program} is not to be ${runtime.name} ${runtime.version}: ${stdout}${stderr}`);
  }
  return program;
}

// Installed beside and renamed, so that an install that was cut short is not taken for one.
function fetchInto(folder: string, runtime: Runtime): void {
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    writeFileSync(join(fresh, "package.json"), '{ "private": true }\n');
    npm(fresh, "install", "--ignore-scripts", "--no-package-lock", `${runtime.package}@${runtime.version}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
}
