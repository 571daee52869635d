import { readFileSync, writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import process from "node:process";

/** What a job took that ran alone in a process. */
export interface JobCost {
  readonly seconds: number;
  /** How far the resident set rose at most above what it was before the job. */
  readonly peakBytes: number;
  /** By how much the memory of array buffers is larger after the job, with its result alive. */
  readonly arrayBufferBytes: number;
}

/** Runs a job and measures the process. Only sensible in a process that does nothing else. */
export async function measured(job: () => unknown): Promise<JobCost> {
  globalThis.gc?.();
  // "5" sets the peak of the resident set back to what it is now.
  writeFileSync("/proc/self/clear_refs", "5");
  const before = statusBytes("VmRSS");
  const buffersBefore = process.memoryUsage().arrayBuffers;
  const start = performance.now();
  const result = await job();
  const seconds = (performance.now() - start) / 1000;
  const peakBytes = statusBytes("VmHWM") - before;
  const arrayBufferBytes = process.memoryUsage().arrayBuffers - buffersBefore;
  keepAlive(result);
  return { seconds, peakBytes, arrayBufferBytes };
}

let kept: unknown;

// Until here the result must not be collected.
function keepAlive(value: unknown): void {
  kept = value;
  if (kept !== value) throw new Error("unreachable");
}

function statusBytes(field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "utf8"));
  return Number(line![1]) * 1024;
}
