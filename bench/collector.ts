// How much of a job's time the garbage collector stops it for.
import { PerformanceObserver, performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";

/** The share of a synchronous job's time during which V8 had stopped it to collect garbage: 0 to 1. */
export async function collectorShare(run: () => unknown): Promise<number> {
  let stopped = 0;
  let [start, end] = [0, Number.POSITIVE_INFINITY];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      if (startTime >= start && startTime < end) stopped += duration;
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  start = performance.now();
  run();
  end = performance.now();
  // Entries come once the event loop turns.
  await setTimeout(50);
  observer.disconnect();
  return stopped / (end - start);
}
