import type { Spread } from "./statistics.ts";
import type { WorkloadName } from "./workload.ts";

/** Seconds, and where they went if that was watched. */
export interface Timing extends Spread {
  /** The share of the time in which the garbage collector held up the program. */
  readonly collecting?: number;
  /** The share of the processor time that page faults took. */
  readonly faulting?: number;
}

/** A line of a table: how many times as fast as something else we are. */
export interface Comparison {
  readonly what: string;
  readonly against: string;
  /** Our time; left out where only the ratio says something. */
  readonly ours?: Timing;
  /** How many times as fast, more than 1 where we lead; or why the other could not do it. */
  readonly speed: Spread | string;
  /** A goal for `speed` that is not in `goals.ts`, where the design's are. */
  readonly reach?: number;
  /** The reason for what is behind. Its first sentence stands on the short page. */
  readonly why?: string;
}

/** A line of a table: something counted, which no clock changes. */
export interface Fact {
  readonly what: string;
  readonly got: string;
  readonly reach?: string;
  readonly ok?: boolean;
  /** The reason, shown where `ok` is false. Its first sentence stands on the short page. */
  readonly why?: string;
}

/** Cost against size, drawn with logarithmic axes. */
export interface Plot {
  readonly file: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
}

/** What a workload found. */
export interface Section {
  readonly title: string;
  /** What was done, in a few sentences. */
  readonly intro: string;
  readonly comparisons?: readonly Comparison[];
  readonly facts?: readonly Fact[];
  readonly plots?: readonly Plot[];
}

/** What is kept of a workload, from which the pages are written: the plots are drawn already. */
export interface Result extends Omit<Section, "plots"> {
  readonly workload: WorkloadName;
  readonly plots?: readonly Pick<Plot, "file" | "title">[];
  /** When, and how busy the machine was. */
  readonly measured: string;
  /** The machine and the versions, as lines of Markdown. */
  readonly machine: readonly string[];
}
