/** `report FILE -o OUT`: one page with tree, statistics and histograms, to send to somebody. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import type { KeyStyleName, SafetensorsFile } from "../../../index.node.ts";
import { collect, examples, keysOption } from "../../args/options.ts";
import { anyOf, selectNames } from "../../args/patterns.ts";
import { baseName, open, totalsOf } from "../../files/open.ts";
import { placeName } from "../../files/place.ts";
import { refuseToHarm } from "../../files/protect.ts";
import { writeError } from "../../files/write-error.ts";
import { openProgress, ProgressSum } from "../../terminal/progress.ts";
import { formatBytes } from "../../terminal/sizes.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { guessStyle } from "../../trees/key-styles.ts";
import { readTree } from "../../trees/model.ts";
import { hasNumbers } from "../../values/chunks.ts";
import { measure, summarize, type TensorStats } from "../../values/stats.ts";
import { type Report, reportPage } from "./page.ts";

interface Options {
  readonly output: string;
  readonly only: readonly string[];
  readonly values: boolean;
  readonly keys?: KeyStyleName;
}

/** `report FILE -o OUT`. */
export function reportCommand(terminal: Terminal): Command {
  const command = new Command("report")
    .summary("write an HTML page with tree, statistics and histograms")
    .description(
      "Writes a report as a single HTML page. It shows the tree with sizes, and the statistics of each tensor with a histogram. The page contains no scripts and loads nothing, so you can send it to anybody.",
    )
    .argument("<file>", "a path, a URL, the index of a sharded checkpoint, or - for standard input")
    .requiredOption("-o, --output <path>", "where to write the page")
    .option(
      "--only <pattern>",
      "include only these tensors: a key, or a pattern with *; may be repeated",
      collect,
      [],
    )
    .option("--no-values", "write only the tree; read no values")
    .addOption(keysOption())
    .action((place: string, options: Options) => report(place, options, terminal));
  return examples(command, [
    ["report model.safetensors -o report.html", "report everything"],
    [
      "report model.safetensors -o report.html --no-values",
      "report only shapes and sizes, without reading values",
    ],
  ]);
}

async function report(place: string, options: Options, terminal: Terminal): Promise<void> {
  const { signal } = terminal;
  await using file = await open(place, terminal);
  refuseToHarm({ inputs: [{ place, file }], targets: [options.output] });
  const names = selectNames(file.names, options.only);
  const root = await readTree(file, {
    style: options.keys ?? guessStyle(file),
    only: options.only.length > 0 ? anyOf(options.only) : undefined,
    onWarning: (message) => terminal.warn(`${placeName(place)}: ${message}`),
    signal,
  });
  const stats = options.values ? await measureAll(file, names, terminal) : new Map<string, TensorStats>();
  const { metadata, byteLength } = file;
  const size = await writePage(
    options.output,
    { title: baseName(place), root, stats, metadata, byteLength },
    signal,
  );
  terminal.print(`wrote ${options.output} (${formatBytes(size)})`);
}

async function measureAll(
  file: SafetensorsFile,
  names: readonly string[],
  terminal: Terminal,
): Promise<Map<string, TensorStats>> {
  const measurable = names.filter((name) => hasNumbers(file.info(name).dtype));
  const bar = openProgress(terminal, "reading");
  const progress = new ProgressSum(bar, totalsOf(file, measurable).bytes);
  const stats = new Map<string, TensorStats>();
  try {
    for (const name of measurable) {
      const { dtype, shape } = file.info(name);
      const measurement = await measure(file, name, {
        signal: terminal.signal,
        onBytes: (count, name) => progress.add(count, name),
      });
      stats.set(name, summarize({ name, dtype, shape }, measurement, BINS));
    }
    return stats;
  } finally {
    bar.done();
  }
}

// As many as `stats` draws by default.
const BINS = 24;

/** Writes beside the target and renames, so that an old report stays whole until the new one is. */
async function writePage(path: string, page: Report, signal: AbortSignal): Promise<number> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const stream = createWriteStream(temporary);
    await pipeline(Readable.from(reportPage(page)), stream, { signal });
    await rename(temporary, path);
    return stream.bytesWritten;
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeError(path, error);
  }
}
