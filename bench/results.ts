// The newest result of each workload, kept in bench/results/, and the pages that are written from them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { shortPage } from "./report.ts";
import { fullPage } from "./report-full.ts";
import type { Result } from "./report-types.ts";
import { WORKLOAD_NAMES } from "./workload.ts";

/** The two pages, by where they are in the repository. */
export interface Pages {
  readonly "docs/benchmarks.md": string;
  readonly "docs/benchmarks-full.md": string;
}

/** Keeps a result; what was kept of that workload is replaced. */
export function keepResult(folder: string, result: Result): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${result.workload}.json`, `${JSON.stringify(result, undefined, 1)}\n`);
}

/** The results that are kept, in the order of the workloads. */
export function keptResults(folder: string): Result[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name): Result => JSON.parse(readFileSync(`${folder}/${name}`, "utf8")))
    .sort((a, b) => WORKLOAD_NAMES.indexOf(a.workload) - WORKLOAD_NAMES.indexOf(b.workload));
}

/** Both pages. The machine is that of the newest result. */
export function pagesOf(results: readonly Result[]): Pages {
  const newest = results.reduce((a, b) => (b.measured > a.measured ? b : a));
  return {
    "docs/benchmarks.md": shortPage(results, newest.machine),
    "docs/benchmarks-full.md": fullPage(results, newest.machine),
  };
}
