import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs npm on the project in `folder`, and throws with what it printed if it fails. */
export function npm(folder: string, ...args: string[]): string {
  const windows = process.platform === "win32";
  // The prefix is given, for npm takes no folder below a `node_modules` for a project of its own.
  const command = ["--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error", ...args];
  // An npm that runs this script hands its own prefix down to every npm below it.
  const { npm_config_prefix: _prefix, npm_config_local_prefix: _local, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(windows ? "npm.cmd" : "npm", command, {
    cwd: folder,
    encoding: "utf8",
    env,
    shell: windows,
  });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stdout}${stderr}`);
  return stdout;
}
