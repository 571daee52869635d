/** The terminal that this process runs in: its streams, its environment, Ctrl-C, and outputs that fail. */
import { type ColorInfo, supportsColor, supportsColorStderr } from "chalk";
import isUnicodeSupported from "is-unicode-supported";
import { EXIT } from "../args/exit.ts";
import { createTerminal, Interrupted, type Terminal } from "./terminal.ts";
import { printable } from "./text.ts";

/** Opens the terminal of this process. Ctrl-C once aborts, twice kills. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort(new Interrupted()));
  stdout.on("error", endOutput);
  // With standard error gone, nobody can be told.
  stderr.on("error", () => process.exit(EXIT.trouble));
  const columns = Number(env.COLUMNS);
  return createTerminal({
    stdin,
    stdout: guard(stdout),
    stderr,
    colors: { stdout: levelOf(supportsColor), stderr: levelOf(supportsColorStderr) },
    unicode: isUnicodeSupported() && !/^(C|POSIX)$/.test(env.LC_ALL ?? ""),
    columns: Number.isInteger(columns) && columns > 0 ? columns : undefined,
    signal: abort.signal,
    now: () => performance.now(),
  });
}

/** Standard output with `write` errors reported as events: into files and devices, Node 20 throws them. */
function guard(stdout: NodeJS.WriteStream): NodeJS.WriteStream {
  const write = stdout.write.bind(stdout) as (...args: unknown[]) => boolean;
  stdout.write = (...args: unknown[]) => {
    try {
      return write(...args);
    } catch (error) {
      return endOutput(error as NodeJS.ErrnoException);
    }
  };
  return stdout;
}

/** Ends the process where standard output takes no more. */
function endOutput(error: NodeJS.ErrnoException): never {
  // `p2s … | head` closes the pipe when it has seen enough, which is not an error.
  if (error.code === "EPIPE") process.exit(process.exitCode ?? EXIT.fine);
  process.stderr.write(`error: can't write to standard output: ${printable(error.message)}\n`);
  process.exit(EXIT.trouble);
}

function levelOf(support: ColorInfo): 0 | 1 | 2 | 3 {
  // https://no-color.org: present and not empty, whatever its value.
  return process.env.NO_COLOR ? 0 : support ? support.level : 0;
}
