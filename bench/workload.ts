import type { Python } from "./python.ts";
import type { Section } from "./report-types.ts";

/** The parts of the benchmark, in the order of the page. */
export const WORKLOAD_NAMES = [
  "load",
  "save",
  "open",
  "one",
  "copy",
  "many",
  "trees",
  "convert",
  "python",
  "training",
  "cli",
  "browser",
  "page",
  "scale",
  "size",
] as const;

/** The name that `--only` takes. */
export type WorkloadName = (typeof WORKLOAD_NAMES)[number];

/** What workloads are given. */
export interface Context {
  /** Small sizes and few rounds. */
  readonly quick: boolean;
  /** A folder for files, removed at the end. */
  readonly folder: string;
  /** The number of rounds for jobs that take about so many seconds. */
  rounds(seconds: number): number;
  /** The Python side, started when it is first asked for; `undefined` where there is none. */
  python(): Promise<Python | undefined>;
  /** Tells the person at the terminal what is being done. */
  log(message: string): void;
}

/** A part of the benchmark. */
export interface Workload {
  readonly name: WorkloadName;
  run(context: Context): Promise<Section>;
}
