import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { JOBS, type JobName } from "./jobs.ts";
import { describeMachine } from "./machine.ts";
import { drawPlot } from "./plot.ts";
import { Python } from "./python.ts";
import { markdown, section } from "./report.ts";
import type { Section } from "./report-types.ts";
import { serve } from "./server.ts";
import type { Context, Workload } from "./workload.ts";
import { convert } from "./workloads/convert.ts";
import { load } from "./workloads/load.ts";
import { many } from "./workloads/many.ts";
import { one } from "./workloads/one.ts";
import { open } from "./workloads/open.ts";
import { python } from "./workloads/python.ts";
import { save } from "./workloads/save.ts";
import { scale } from "./workloads/scale.ts";
import { trees } from "./workloads/trees.ts";

/*
 *     npm run bench -- [--quick] [--only name,name]
 *
 * Everything together writes docs/benchmarks.md and docs/plots/; a part of it is printed. The other arguments are for
 * the processes that this one starts: --job runs one job and prints what it cost, --serve serves a file.
 */
const WORKLOADS: readonly Workload[] = [load, save, open, one, many, trees, convert, python, scale];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    job: { type: "string" },
    serve: { type: "string" },
  },
});

if (values.serve !== undefined) serve(values.serve, Number(positionals[0]));
else if (values.job !== undefined) await runJob(values.job as JobName, JSON.parse(positionals[0]!));
else await runWorkloads(values.quick, values.only?.split(","));

async function runJob(name: JobName, args: readonly unknown[]): Promise<void> {
  const job = JOBS[name] as (...args: readonly unknown[]) => Promise<unknown>;
  console.log(JSON.stringify(await job(...args)));
}

async function runWorkloads(quick: boolean, only: readonly string[] | undefined): Promise<void> {
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
    // About twenty seconds for a contest of six, and enough rounds for a median.
    rounds: (seconds) => (quick ? 3 : Math.max(5, Math.min(15, Math.round(4 / seconds)))),
    python: () => {
      side ??= Python.start();
      return side;
    },
    log: (message) => console.error(`${new Date().toISOString().slice(11, 19)} ${message}`),
  };
  const sections: Section[] = [];
  try {
    for (const workload of WORKLOADS) {
      if (only && !only.includes(workload.name)) continue;
      const found = await workload.run(context);
      sections.push(found);
      console.log(`${section(found).join("\n\n")}\n`);
    }
  } finally {
    (await side)?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  if (quick || only) return;
  const machine = describeMachine((await side)?.versions);
  writeFileSync("docs/benchmarks.md", markdown(sections, machine, quick));
  mkdirSync("docs/plots", { recursive: true });
  for (const plot of sections.flatMap(({ plots = [] }) => plots)) {
    writeFileSync(join("docs/plots", plot.file), drawPlot(plot));
  }
}
