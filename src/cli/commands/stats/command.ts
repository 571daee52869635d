/** `stats FILE [KEY…]`: what the values are like. */
import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import type { SafetensorsFile } from "../../../index.node.ts";
import { collect, examples, jsonOption } from "../../args/options.ts";
import { selectNames } from "../../args/patterns.ts";
import { baseName, open, totalsOf } from "../../files/open.ts";
import { placeName } from "../../files/place.ts";
import { refuseToHarm } from "../../files/protect.ts";
import { writeError } from "../../files/write-error.ts";
import { openProgress, ProgressSum } from "../../terminal/progress.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { naturalCompare } from "../../trees/natural.ts";
import { hasNumbers, isFloat } from "../../values/chunks.ts";
import { Moments } from "../../values/moments.ts";
import { sizeOf } from "../../values/size.ts";
import { measure, summarize, type TensorStats } from "../../values/stats.ts";
import { foldLayers } from "./layers.ts";
import { plotStats } from "./plot.ts";
import { drawStats, type StatsRow } from "./view.ts";

const SORTS = ["name", "count", "min", "max", "mean", "std", "zeros", "nan"] as const;
const PERCENTS = [1, 5, 25, 50, 75, 95, 99];
// Larger tensors are read more than once for percentiles, so those are for who asks.
const MAX_FREE_PERCENTILES = 2 ** 22;

interface Options {
  readonly bins: number;
  readonly all?: boolean;
  readonly sort: (typeof SORTS)[number];
  readonly percentiles?: readonly number[];
  readonly plot?: string;
  readonly json?: boolean;
}

export function statsCommand(terminal: Terminal): Command {
  const command = new Command("stats")
    .summary("count, extremes, mean, deviation, percentiles and histogram of values")
    .description(
      "Shows count, smallest and largest value, mean, standard deviation, zeros, NaN, infinities and a histogram of each tensor; for a single tensor, also the percentiles. Equal layers are folded into one line. Values are read in pieces, in bounded memory. Minimum, maximum, mean and deviation are those of the finite values. The two parts of a complex number count as two values.",
    )
    .argument("<file>", "a path, a URL, the index of a sharded checkpoint, or - for standard input")
    .argument("[key...]", "tensors: a key with all below it, or a pattern with *; all of them by default")
    .option("--bins <count>", "the most bins that the histogram may have", parseBins, 24)
    .option(
      "-p, --percentiles <list>",
      "exact percentiles, such as 1,50,99; large tensors are read more than once",
      parsePercents,
    )
    .addOption(
      new Option("--sort <by>", "order of the lines, the largest first").choices(SORTS).default("name"),
    )
    .option("-a, --all", "show every layer, don't fold equal ones")
    .option("--plot <path>", "write the histograms as an SVG too")
    .addOption(jsonOption())
    .action((place: string, patterns: string[], options: Options) =>
      stats(place, patterns, options, terminal),
    );
  return examples(command, [
    ["stats model.safetensors", "a line for each tensor, equal layers folded"],
    ["stats model.safetensors embedding", "one tensor in full"],
    ["stats model.safetensors --all --sort std -p 1,99", "the widest first, with percentiles"],
    ["stats model.safetensors '*.bias' --json", "for programs"],
  ]);
}

async function stats(
  place: string,
  patterns: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<void> {
  const { plot, bins, json } = options;
  await using file = await open(place, terminal);
  if (plot !== undefined) refuseToHarm({ inputs: [{ place, file }], targets: [plot] });
  const names = selectNames(file.names, patterns);
  const isSmall = names.length === 1 && sizeOf(file.info(names[0]!).shape) <= MAX_FREE_PERCENTILES;
  const percentiles = options.percentiles ?? (isSmall ? PERCENTS : undefined);
  const bar = openProgress(terminal, "reading");
  const progress = new ProgressSum(bar, totalsOf(file, names).bytes);
  const all = new Moments();
  const tensors: TensorStats[] = [];
  const folded: StatsRow[] = [];
  // Layer by layer, so that the histograms of one at a time are in memory.
  const layers = foldLayers(
    withNumbers(file, names, terminal).map((name) => ({ name, kind: kindOf(file, name) })),
  );
  try {
    for (const { label, names } of layers) {
      const joined = names.length > 1 ? new Moments(!isFloat(file.info(names[0]!).dtype)) : undefined;
      for (const name of names) {
        const measurement = await measure(file, name, {
          percentiles,
          signal: terminal.signal,
          onBytes: (count, name) => progress.add(count, name),
        });
        all.merge(measurement.moments);
        joined?.merge(measurement.moments);
        const { dtype, shape } = file.info(name);
        tensors.push(summarize({ name, dtype, shape }, measurement, bins));
      }
      const { dtype, shape } = file.info(names[0]!);
      const what = { name: label, dtype, shape };
      const stats = joined ? summarize(what, { moments: joined }, bins) : tensors.at(-1)!;
      folded.push({ stats, folded: names.length });
    }
  } finally {
    bar.done();
  }
  const total = tensors.length > 1 ? summarize({ name: "all" }, { moments: all }, bins) : undefined;
  const single = tensors.map((stats) => ({ stats, folded: 1 }));
  // Percentiles of several tensors together are not known.
  const isUnfolded = options.all === true || options.percentiles !== undefined;
  const rows = sort(isUnfolded ? single : folded, options.sort);
  if (plot !== undefined) {
    const drawn = rows.map(({ stats }) => stats);
    const picture = plotStats(drawn, `Histograms of ${baseName(place)}`);
    await writeFile(plot, picture).catch((error) => {
      throw writeError(plot, error);
    });
  }
  if (json) {
    const list = sort(single, options.sort).map(({ stats }) => stats);
    terminal.json({ file: placeName(place), tensors: list, ...(total && { all: total }) });
    return;
  }
  terminal.print(drawStats(rows, total, percentiles ?? [], terminal));
}

/** The tensors that have numbers, with a word for those that don't. */
function withNumbers(file: SafetensorsFile, names: readonly string[], terminal: Terminal): string[] {
  return names.filter((name) => {
    const { dtype } = file.info(name);
    const has = hasNumbers(dtype);
    if (!has) terminal.warn(`${name}: the packing of ${dtype} is not fixed, so it has no statistics`);
    return has;
  });
}

function kindOf(file: SafetensorsFile, name: string): string {
  const { dtype, shape } = file.info(name);
  return `${dtype}[${shape}]`;
}

function sort(rows: readonly StatsRow[], by: Options["sort"]): StatsRow[] {
  const inOrder = [...rows].sort((a, b) => naturalCompare(a.stats.name, b.stats.name));
  if (by === "name") return inOrder;
  // What has no such figure goes last.
  const figure = ({ stats }: StatsRow) =>
    Number.isNaN(Number(stats[by])) ? Number.NEGATIVE_INFINITY : Number(stats[by]);
  return inOrder.sort((a, b) => (figure(a) < figure(b) ? 1 : figure(a) > figure(b) ? -1 : 0));
}

function parseBins(text: string): number {
  const bins = Number(text);
  if (/^\d+$/.test(text) && bins >= 1 && bins <= 1024) return bins;
  throw new InvalidArgumentError("Expected a whole number from 1 to 1024.");
}

function parsePercents(text: string, before: readonly number[] = []): readonly number[] {
  const list = text.split(",").reduce<readonly string[]>((all, item) => collect(item.trim(), all), []);
  const percents = list.map(Number);
  if (list.every((item, i) => item !== "" && percents[i]! >= 0 && percents[i]! <= 100))
    return [...before, ...percents];
  throw new InvalidArgumentError("Expected numbers from 0 to 100, as 1,50,99.");
}
