// Programs that save until they are killed.
import { spawn } from "node:child_process";

/** When a program is killed: at a random moment of so many milliseconds, once it has said so many lines. */
export interface KillTime {
  readonly lines: number;
  readonly within: number;
}

/** The lines that a program says before it is killed. */
export function runAndKill(
  program: string,
  args: readonly string[],
  { lines, within }: KillTime,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    let isDying = false;
    const spoken = () => said.split("\n").slice(0, -1);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (isDying || spoken().length < lines) return;
      isDying = true;
      setTimeout(() => child.kill("SIGKILL"), Math.random() * within);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve(spoken());
      else reject(new Error(`the saving program ended by itself: ${code ?? signal}`));
    });
  });
}
