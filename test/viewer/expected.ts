/** What the command says of the samples, for the page to be held against. */
import { spawnSync } from "node:child_process";

/** A tensor as `p2s stats --json` has it; what JSON has no number for is a string. */
export interface ExpectedStats {
  readonly name: string;
  readonly dtype: string;
  readonly count: number;
  readonly min: number | string;
  readonly max: number | string;
  readonly mean: number | string;
  readonly std: number | string;
  readonly zeros: number;
  readonly nan: number;
  readonly posInf: number;
  readonly negInf: number;
  readonly percentiles: readonly { readonly percent: number; readonly value: number | string }[];
}

/** A comparison as `p2s diff --json` has it. */
export interface ExpectedDiff {
  readonly removed: readonly { readonly name: string }[];
  readonly added: readonly { readonly name: string }[];
  readonly moved: readonly { readonly from: string; readonly to: string }[];
  readonly reshaped: readonly { readonly name: string }[];
  readonly retyped: readonly ExpectedChange[];
  readonly changed: readonly ExpectedChange[];
  readonly same: number;
}

/** A pair with its numbers. */
export interface ExpectedChange {
  readonly name: string;
  readonly values: {
    readonly count: number;
    readonly differing: number;
    readonly maxAbs: number | string;
    readonly meanAbs: number | string;
    readonly maxRel: number | string;
    readonly cosine: number | string;
    readonly nan: number;
  };
}

/** A hostile file: where it is, and the code of the error; `null` for one that is valid. */
export interface ExpectedRefusal {
  readonly name: string;
  readonly url: string;
  readonly code: string | null;
}

/** Everything that the driver in the page needs to know. */
export interface Expected {
  readonly stats: readonly ExpectedStats[];
  readonly diff: ExpectedDiff;
  readonly hostile: readonly ExpectedRefusal[];
  readonly markup: readonly string[];
}

/** Runs the built command and parses what it prints. */
export function runJson<T>(command: string, args: readonly string[]): T {
  return JSON.parse(runText(command, [...args, "--json"])) as T;
}

/** Runs the built command and gives what it prints; a difference that it finds is fine. */
export function runText(command: string, args: readonly string[]): string {
  const env = { PATH: process.env.PATH, LANG: "C.UTF-8" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    encoding: "utf8",
    env,
  });
  if (status !== 0 && status !== 1) throw new Error(`p2s ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}
