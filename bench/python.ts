import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

type PythonProcess = ChildProcessByStdio<Writable, Readable, null>;

const PYTHON = "interop/.venv/bin/python";

/** The Python side, running: told what to do, it does it and says how many seconds that took. */
export class Python {
  readonly #process: PythonProcess;
  readonly #lines: AsyncIterator<string>;
  /** Versions of what runs there. */
  readonly versions: string;

  private constructor(process: PythonProcess, lines: AsyncIterator<string>, versions: string) {
    this.#process = process;
    this.#lines = lines;
    this.versions = versions;
  }

  /** Starts it, or gives `undefined` where `bash interop/venv.sh` has not been run. */
  static async start(): Promise<Python | undefined> {
    if (!existsSync(PYTHON)) return undefined;
    const process = spawn(PYTHON, ["bench/python_side.py"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    const { value } = await lines.next();
    return new Python(process, lines, JSON.parse(value).versions);
  }

  /** Does a job once; gives the seconds that it took there. */
  async seconds(job: string, ...args: readonly (string | number)[]): Promise<number> {
    this.#process.stdin.write(`${JSON.stringify([job, ...args])}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the Python side ended early");
    const answer: { seconds?: number; error?: string } = JSON.parse(value);
    if (answer.seconds === undefined) throw new Error(`Python: ${answer.error}`);
    return answer.seconds;
  }

  close(): void {
    this.#process.stdin.end();
  }
}
