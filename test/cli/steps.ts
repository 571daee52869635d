/** Counts what a piece of work executes: every call and every block of the command and of the libraries that it draws with. */
import { Session } from "node:inspector/promises";

const COUNTED =
  /\/src\/(cli|base|tensor|format|tree|io|checkpoint)\/|node_modules\/(string-width|cli-truncate|slice-ansi|strip-ansi|chalk|commander)\//;

/** Counts steps as V8 does for coverage: the same in every run, whatever else the machine does. */
export class StepCounter {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Steps since the last time that it was asked. */
  async take(): Promise<number> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    let steps = 0;
    for (const { url, functions } of result) {
      if (!COUNTED.test(url)) continue;
      for (const { ranges } of functions) for (const { count } of ranges) steps += count;
    }
    return steps;
  }

  stop(): void {
    this.#session.disconnect();
  }
}
