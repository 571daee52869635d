import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import type { JOBS, JobName } from "./jobs.ts";
import type { JobCost } from "./memory.ts";
import { type Spread, spread } from "./statistics.ts";

const run = promisify(execFile);

/** Runs a job in a process of its own. */
export async function inChild<N extends JobName>(
  name: N,
  ...args: Parameters<(typeof JOBS)[N]>
): Promise<JobCost> {
  const { stdout } = await run(process.execPath, [
    ...process.execArgv,
    process.argv[1]!,
    "--job",
    name,
    JSON.stringify(args),
  ]);
  return JSON.parse(stdout);
}

/** What a job takes in a few processes, one after the other. */
export async function inChildren<N extends JobName>(
  rounds: number,
  name: N,
  ...args: Parameters<(typeof JOBS)[N]>
): Promise<{ seconds: Spread; peakBytes: Spread; arrayBufferBytes: Spread }> {
  const costs: JobCost[] = [];
  for (let round = 0; round < rounds; round++) costs.push(await inChild(name, ...args));
  return {
    seconds: spread(costs.map((cost) => cost.seconds)),
    peakBytes: spread(costs.map((cost) => cost.peakBytes)),
    arrayBufferBytes: spread(costs.map((cost) => cost.arrayBufferBytes)),
  };
}
