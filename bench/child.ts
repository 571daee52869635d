import { execFile } from "node:child_process";
import { freemem } from "node:os";
import process from "node:process";
import { promisify } from "node:util";
import type { JOBS, JobName } from "./jobs.ts";
import type { JobCost } from "./memory.ts";
import { type Spread, spread } from "./statistics.ts";

const run = promisify(execFile);

/** Runs a job in a process of its own. */
export function inChild<N extends JobName>(name: N, ...args: Parameters<(typeof JOBS)[N]>): Promise<JobCost> {
  return inChildWith({}, name, ...args);
}

/** Runs a job in a process of its own with these environment variables besides. */
export async function inChildWith<N extends JobName>(
  variables: Readonly<Record<string, string>>,
  name: N,
  ...args: Parameters<(typeof JOBS)[N]>
): Promise<JobCost> {
  const job = [...process.execArgv, process.argv[1]!, "--job", name, JSON.stringify(args)];
  const { stdout } = await run(process.execPath, job, { env: { ...process.env, ...variables } });
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

/**
 * Has the system touch so much of its free memory. A virtual machine's host takes free memory back after a while, and to
 * get it again costs several times what is measured here, whoever comes first.
 */
export async function touchMemory(bytes: number): Promise<void> {
  await inChild("touch", Math.min(bytes, freemem() / 2));
}
