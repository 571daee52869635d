import { Command, InvalidArgumentError } from "commander";
import { examples, jsonOption } from "../../args/options.ts";
import { selectNames } from "../../args/patterns.ts";
import { open, totalsOf } from "../../files/open.ts";
import { openProgress, ProgressSum } from "../../terminal/progress.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable } from "../../terminal/text.ts";
import { hasNumbers } from "../../values/chunks.ts";
import { measure, summarize, type TensorStats } from "../../values/measure.ts";
import { Moments } from "../../values/moments.ts";
import { drawStats } from "./view.ts";

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
      const { dtype } = file.info(name);
      if (!hasNumbers(dtype)) {
        terminal.warn(`${printable(name)}: the packing of ${dtype} is not fixed, so it has no statistics`);
        continue;
      }
      const { signal } = terminal;
      const measured = await measure(file, name, {
        signal,
        onBytes: (count) => progress.add(count, name),
      });
      all.merge(measured.moments);
      list.push(summarize(name, measured, options.bins));
    }
  } finally {
    bar.done();
  }
  const total = list.length > 1 ? summarize("all", { moments: all }, options.bins) : undefined;
  if (options.json) terminal.json({ file: place, tensors: list, ...(total && { all: total }) });
  else terminal.print(drawStats(list, total, terminal));
}

function parseBins(text: string): number {
  const bins = Number(text);
  if (/^\d+$/.test(text) && bins >= 1 && bins <= 1024) return bins;
  throw new InvalidArgumentError("Expected a whole number from 1 to 1024.");
}
