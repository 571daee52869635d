import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";

/** A program at `path`, installed from Debian's package of that name if it is not there. */
export function requireProgram(path: string, debianPackage: string): string {
  if (existsSync(path)) return path;
  const advice = `install Debian's package ${debianPackage} (apt-get install ${debianPackage})`;
  if (!existsSync("/usr/bin/apt-get"))
    throw new Error(`there is no ${path}, and no apt-get to install it; ${advice}`);
  if (userInfo().uid !== 0) throw new Error(`there is no ${path}, and only root can install it; ${advice}`);
  console.log(`installing ${debianPackage}`);
  aptGet("update", "--quiet");
  aptGet("install", "--yes", "--quiet", "--no-install-recommends", debianPackage);
  if (!existsSync(path)) throw new Error(`Debian's package ${debianPackage} has no ${path}`);
  return path;
}

function aptGet(...args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, stdout, stderr } = spawnSync("apt-get", args, { encoding: "utf8", env });
  if (status !== 0) throw new Error(`apt-get ${args.join(" ")} failed:\n${stdout}${stderr}`);
}
