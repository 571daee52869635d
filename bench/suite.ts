import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { JOBS, type JobName } from "./jobs.ts";
import { describeMachine } from "./machine.ts";
import { drawPlot } from "./plot.ts";
import { Python } from "./python.ts";
import { section } from "./report-full.ts";
import type { Plot, Result } from "./report-types.ts";
import { keepResult, keptResults, pagesOf } from "./results.ts";
import { serve } from "./server.ts";
import type { Context, Workload } from "./workload.ts";
import { browser } from "./workloads/browser.ts";
import { cli } from "./workloads/cli.ts";
import { convert } from "./workloads/convert.ts";
import { copy } from "./workloads/copy.ts";
import { load } from "./workloads/load.ts";
import { many } from "./workloads/many.ts";
import { one } from "./workloads/one.ts";
import { open } from "./workloads/open.ts";
import { page } from "./workloads/page.ts";
import { python } from "./workloads/python.ts";
import { save } from "./workloads/save.ts";
import { scale } from "./workloads/scale.ts";
import { size } from "./workloads/size.ts";
import { training } from "./workloads/training.ts";
import { trees } from "./workloads/trees.ts";

/*
 *     npm run bench -- [--quick] [--only name,name] [--rounds N]
 *
 * Writes docs/benchmarks.md, docs/benchmarks-full.md and docs/plots/. The newest result of each workload is kept in
 * bench/results, so that --only renews its parts of the pages; --quick only prints. The other arguments are for the processes that this one starts: --job runs one job and prints
 * what it cost, --serve serves a file.
 */
const RESULTS = "bench/results";

const WORKLOADS: readonly Workload[] = [
  load,
  save,
  open,
  one,
  copy,
  many,
  trees,
  convert,
  python,
  training,
  cli,
  browser,
  page,
  scale,
  size,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string", default: "15" },
    job: { type: "string" },
    serve: { type: "string" },
  },
});

if (values.serve !== undefined) serve(values.serve, Number(positionals[0]));
else if (values.job !== undefined) await runJob(values.job as JobName, JSON.parse(positionals[0]!));
else await runWorkloads(values.quick, values.only?.split(","), Number(values.rounds));

async function runJob(name: JobName, args: readonly unknown[]): Promise<void> {
  const job = JOBS[name] as (...args: readonly unknown[]) => Promise<unknown>;
  console.log(JSON.stringify(await job(...args)));
}

async function runWorkloads(
  quick: boolean,
  only: readonly string[] | undefined,
  maxRounds: number,
): Promise<void> {
  const unknown = only?.filter((name) => !WORKLOADS.some((workload) => workload.name === name)) ?? [];
  if (unknown.length > 0) {
    const known = WORKLOADS.map(({ name }) => name).join(", ");
    console.error(`there is no workload ${unknown.join(", ")}; there are ${known}`);
    process.exitCode = 1;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "pytree2safetensors-bench-"));
  let side: Promise<Python | undefined> | undefined;
  const context: Context = {
    quick,
    folder,
    // Enough rounds for a median, and as many more as a few seconds allow.
    rounds: (seconds) => (quick ? 3 : Math.min(maxRounds, Math.max(5, Math.round(4 / seconds)))),
    python: () => {
      side ??= Python.start();
      return side;
    },
    log: (message) => console.error(`${new Date().toISOString().slice(11, 19)} ${message}`),
  };
  try {
    for (const workload of WORKLOADS) {
      if (only && !only.includes(workload.name)) continue;
      const { plots = [], ...found } = await workload.run(context);
      const result: Result = {
        workload: workload.name,
        ...found,
        plots: plots.map(({ file, title }) => ({ file, title })),
        measured: `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, load average ${loadavg()[0]!.toFixed(1)}`,
        machine: describeMachine((await context.python())?.versions),
      };
      console.log(`${section(result).join("\n\n")}\n`);
      if (quick) continue;
      // After each, so that a run that is broken off leaves what it has.
      keepResult(RESULTS, result);
      draw(plots);
      writePages();
    }
  } finally {
    (await side)?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function draw(plots: readonly Plot[]): void {
  mkdirSync("docs/plots", { recursive: true });
  for (const plot of plots) writeFileSync(join("docs/plots", plot.file), drawPlot(plot));
}

/** Writes the pages from the newest result of each workload. */
function writePages(): void {
  for (const [path, text] of Object.entries(pagesOf(keptResults(RESULTS)))) writeFileSync(path, text);
}
