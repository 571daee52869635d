import { Command, InvalidArgumentError } from "commander";
import { type Dtype, type SafetensorsFile, Tensor } from "../../../index.node.ts";
import { examples, jsonOption } from "../../args/options.ts";
import { selectNames } from "../../args/patterns.ts";
import { open, totalsOf } from "../../files/open.ts";
import { openProgress, ProgressSum } from "../../terminal/progress.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable } from "../../terminal/text.ts";
import { decode, hasNumbers, isFloat, type Numbers, readChunks } from "../../values/chunks.ts";
import type { Bins } from "../../values/histogram.ts";
import { Moments } from "../../values/moments.ts";
import { drawStats } from "./view.ts";

/** What is known of a tensor's values. */
export interface TensorStats {
  readonly name: string;
  readonly dtype: Dtype | undefined;
  readonly shape: readonly number[] | undefined;
  readonly count: number;
  readonly min: number | bigint;
  readonly max: number | bigint;
  readonly mean: number;
  readonly std: number;
  readonly zeros: number;
  readonly nan: number;
  readonly posInf: number;
  readonly negInf: number;
  readonly histogram: Bins;
}

interface Options {
  readonly bins: number;
  readonly json?: boolean;
}

/** `stats FILE [KEY…]`: what the values are like. */
export function statsCommand(terminal: Terminal): Command {
  const command = new Command("stats")
    .summary("count, extremes, mean, deviation and histogram of values")
    .description(
      "Shows count, least and greatest value, mean, standard deviation, zeros, NaN, infinities and a histogram of each tensor. Values are read in pieces, in bounded memory. Minimum to deviation are of the finite values; complex tensors count by their parts.",
    )
    .argument("<file>", "a path, a URL, or the index of a sharded checkpoint")
    .argument("[key...]", "tensors: a key with all below it, or a pattern with *; all of them unless told")
    .option("--bins <count>", "bins of the histogram at most", parseBins, 24)
    .addOption(jsonOption())
    .action((place: string, patterns: string[], options: Options) =>
      stats(place, patterns, options, terminal),
    );
  return examples(command, [
    ["stats model.safetensors", "a line for each tensor"],
    ["stats model.safetensors embedding", "one tensor in full"],
    ["stats model.safetensors '*.bias' --json", "for programs"],
  ]);
}

async function stats(
  place: string,
  patterns: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<void> {
  await using file = await open(place, terminal);
  const names = selectNames(file.names, patterns);
  const bar = openProgress(terminal, "reading");
  const progress = new ProgressSum(bar, totalsOf(file, names).bytes);
  const all = new Moments();
  const list: TensorStats[] = [];
  try {
    for (const name of names) {
      const { dtype, shape } = file.info(name);
      if (!hasNumbers(dtype)) {
        terminal.warn(`${printable(name)}: the packing of ${dtype} is not fixed, so it has no statistics`);
        continue;
      }
      const { moments, exact } = await measure(file, name, dtype, progress, terminal.signal);
      all.merge(moments);
      list.push(summary(name, { dtype, shape }, moments, options.bins, exact));
    }
  } finally {
    bar.done();
  }
  const total = list.length > 1 ? summary("all", undefined, all, options.bins) : undefined;
  if (options.json) terminal.json({ file: place, tensors: list, ...(total && { all: total }) });
  else terminal.print(drawStats(list, total, terminal));
}

async function measure(
  file: SafetensorsFile,
  name: string,
  dtype: Dtype,
  progress: ProgressSum,
  signal: AbortSignal,
): Promise<{ moments: Moments; exact: Extremes | undefined }> {
  const moments = new Moments(!isFloat(dtype));
  const exact = dtype === "I64" || dtype === "U64" ? new Extremes(dtype) : undefined;
  for await (const chunk of readChunks(file, name, signal)) {
    const values: Numbers = decode(dtype, chunk);
    moments.add(values);
    exact?.add(chunk, moments);
    progress.add(chunk.byteLength, name);
  }
  return { moments, exact };
}

/** Least and greatest of 64-bit integers, where doubles can't tell neighbours apart. */
class Extremes {
  min: bigint | undefined;
  max: bigint | undefined;
  readonly #dtype: "I64" | "U64";

  constructor(dtype: "I64" | "U64") {
    this.#dtype = dtype;
  }

  add(chunk: Uint8Array, { min, max }: Moments): void {
    if (this.min === undefined && Number.isSafeInteger(min) && Number.isSafeInteger(max)) return;
    for (const value of Tensor.fromBytes(this.#dtype, [chunk.byteLength / 8], chunk).data) {
      if (this.min === undefined || value < this.min) this.min = value;
      if (this.max === undefined || value > this.max) this.max = value;
    }
  }
}

function summary(
  name: string,
  info: { readonly dtype: Dtype; readonly shape: readonly number[] } | undefined,
  moments: Moments,
  bins: number,
  exact?: Extremes,
): TensorStats {
  const { count, min, max, mean, std, zeros, nan, posInf, negInf, histogram } = moments;
  const none = min > max;
  return {
    name,
    dtype: info?.dtype,
    shape: info?.shape,
    count,
    min: none ? Number.NaN : pick(min, exact?.min, (a, b) => a < b),
    max: none ? Number.NaN : pick(max, exact?.max, (a, b) => a > b),
    mean,
    std,
    zeros,
    nan,
    posInf,
    negInf,
    histogram: histogram.bins(bins),
  };
}

// Until the first large value shows up, small ones are known as doubles only.
function pick(
  value: number,
  exact: bigint | undefined,
  before: (a: bigint | number, b: number | bigint) => boolean,
) {
  return exact === undefined || (Number.isSafeInteger(value) && before(value, exact)) ? value : exact;
}

function parseBins(text: string): number {
  const bins = Number(text);
  if (/^\d+$/.test(text) && bins >= 1 && bins <= 1024) return bins;
  throw new InvalidArgumentError("Expected a whole number from 1 to 1024.");
}
