import type { Result } from "../../test/runtimes/harness.ts";

/** Prints each failure, and at the end the counts on a line of their own; failures make the process end with 1. */
export function report(results: readonly Result[]): void {
  printFailures(results);
  const failed = results.filter(({ error }) => error !== undefined).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  if (failed > 0 || results.length === 0) process.exitCode = 1;
}

/** Prints what failed, with where it ran in front. */
export function printFailures(results: readonly Result[], where = ""): void {
  for (const { name, error } of results) {
    if (error !== undefined) console.log(`FAILED ${where}${name}\n  ${error.replaceAll("\n", "\n  ")}`);
  }
}
