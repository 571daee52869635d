// How much of a run the garbage collector and page faults take.
import { PerformanceObserver, performance } from "node:perf_hooks";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import type { Timing } from "./report-types.ts";

/** One run, and the counters of the process before and after it. */
export interface Sample {
  /** Milliseconds of `performance.now()`. */
  readonly start: number;
  readonly end: number;
  readonly before: NodeJS.ResourceUsage;
  readonly after: NodeJS.ResourceUsage;
}

/** Notes when the collector holds up the program, from when it is made. */
export class CostWatch {
  readonly #pauses: { startTime: number; duration: number }[] = [];
  readonly #observer = new PerformanceObserver((list) => {
    this.#pauses.push(...list.getEntries());
  });

  constructor() {
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  /** The shares of each contestant's runs. Nothing is watched after it. */
  async shares(
    samples: ReadonlyMap<string, readonly Sample[]>,
  ): Promise<Map<string, Pick<Timing, "collecting" | "faulting">>> {
    // Entries come in a task of their own.
    await setTimeout(20);
    this.#observer.disconnect();
    const watched = [...samples].filter(([, runs]) => runs.length > 0);
    return new Map(watched.map(([name, runs]) => [name, this.#of(runs)]));
  }

  #of(runs: readonly Sample[]): { collecting: number; faulting: number } {
    const sum = (of: (run: Sample) => number) => runs.reduce((total, run) => total + of(run), 0);
    const milliseconds = sum(({ start, end }) => end - start);
    const pauses = sum(({ start, end }) =>
      this.#pauses
        .filter(({ startTime }) => startTime >= start && startTime < end)
        .reduce((total, { duration }) => total + duration, 0),
    );
    const faults = sum(({ before, after }) => after.minorPageFault - before.minorPageFault);
    const processor = sum(({ before, after }) => processorSeconds(after) - processorSeconds(before));
    return {
      collecting: pauses / milliseconds,
      faulting: processor === 0 ? 0 : Math.min(1, (faults * secondsPerFault()) / processor),
    };
  }
}

function processorSeconds({ userCPUTime, systemCPUTime }: NodeJS.ResourceUsage): number {
  return (userCPUTime + systemCPUTime) / 1e6;
}

let perFault: number | undefined;

/** What one page fault costs here: memory that is touched for the first time against the second. */
function secondsPerFault(): number {
  perFault ??= measureFault();
  return perFault;
}

function measureFault(): number {
  const PAGE = 4096;
  const memory = new Uint8Array(2 ** 27);
  const touch = () => {
    const before = process.resourceUsage();
    const start = performance.now();
    for (let at = 0; at < memory.length; at += PAGE) memory[at] = 1;
    const seconds = (performance.now() - start) / 1000;
    return { seconds, faults: process.resourceUsage().minorPageFault - before.minorPageFault };
  };
  const first = touch();
  const second = touch();
  const faults = first.faults - second.faults;
  // Where the kernel gives huge pages there is next to nothing to count.
  return faults < 100 ? 0 : Math.max(0, first.seconds - second.seconds) / faults;
}
