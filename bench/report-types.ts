import type { Spread } from "./statistics.ts";

/** A line of a table: how many times as fast as something else we are. */
export interface Comparison {
  readonly what: string;
  readonly against: string;
  /** Our time; left out where only the ratio says something. */
  readonly ours?: Spread;
  /** How many times as fast, more than 1 where we lead; or why the other could not do it. */
  readonly speed: Spread | string;
  /** The goal for `speed`, if there is one. */
  readonly reach?: number;
  /** The reason, shown where `reach` is missed. */
  readonly why?: string;
}

/** A line of a table: something counted, which no clock changes. */
export interface Fact {
  readonly what: string;
  readonly got: string;
  readonly reach?: string;
  readonly ok?: boolean;
  /** The reason, shown where `ok` is false. */
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
  /** When, and how busy the machine was. */
  readonly measured?: string;
  readonly comparisons?: readonly Comparison[];
  readonly facts?: readonly Fact[];
  readonly plots?: readonly Plot[];
}
