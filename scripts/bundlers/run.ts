// Runs a program to its end.
import { spawn } from "node:child_process";
import process from "node:process";

// Many times what the slowest takes.
const TIMEOUT_MS = 300_000;

/** What a program writes to its standard output; throws with all of its output if it fails. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      shell: process.platform === "win32",
    });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ended with ${code ?? signal}:\n${excerpt(output + errors)}`));
    });
  });
}

/** Enough to see what went wrong: compilers print whole lines of minified code. */
function excerpt(text: string): string {
  return text
    .split("\n")
    .map((line) => line.slice(0, 300))
    .slice(0, 100)
    .join("\n");
}
