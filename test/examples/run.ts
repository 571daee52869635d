/** Runs an example as a person would: in a process of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");

/** What an example prints. */
export async function runExample(file: string, ...args: string[]): Promise<string> {
  const command = ["--import", "tsx", join("examples", file), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root });
  return stdout;
}
