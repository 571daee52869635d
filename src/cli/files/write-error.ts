/** What went wrong with a file that a command writes by itself. */
import { dirname } from "node:path";
import { printable } from "../terminal/text.ts";

/** The error of the system in words that say which file it is about; any other error as it is. */
export function writeError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return error;
  const why =
    error.code === "ENOENT"
      ? `the folder ${printable(dirname(path))} doesn't exist; make it first`
      : printable(error.message);
  return new Error(`can't write ${printable(path)}: ${why}`, { cause: error });
}
