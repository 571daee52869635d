/** `verify FILE…`: the strict check of the format. */
import { Command } from "commander";
import { isPytree2SafetensorsError, type SafetensorsFile } from "../../../index.node.ts";
import { EXIT, exitCodeOf, isFault } from "../../args/exit.ts";
import { explain } from "../../args/explain.ts";
import { examples, jsonOption } from "../../args/options.ts";
import { open, totalsOf } from "../../files/open.ts";
import { placeName } from "../../files/place.ts";
import { shardFiles } from "../../files/shard-files.ts";
import { openProgress, ProgressSum } from "../../terminal/progress.ts";
import { formatBytes, formatCount, plural } from "../../terminal/sizes.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable, quote, wrap } from "../../terminal/text.ts";
import { decode, hasNumbers, isFloat, readChunks } from "../../values/chunks.ts";

/** Something wrong with a file: the reference implementation's name for it where it has one. */
interface Fault {
  readonly code: string;
  readonly message: string;
  readonly tensor?: string;
}

interface Report {
  readonly file: string;
  readonly ok: boolean;
  readonly tensors: number;
  readonly bytes: number;
  readonly faults: readonly Fault[];
  /** Set where the file could not be checked at all. */
  readonly trouble?: true;
}

interface Options {
  readonly nan?: boolean;
  readonly data: boolean;
  readonly json?: boolean;
}

export function verifyCommand(terminal: Terminal): Command {
  const command = new Command("verify")
    .summary("check files strictly, name all faults at once")
    .description(
      "Checks files against the rules of the format, more strictly than most readers, and lists all faults at once by the names of the reference implementation. All data is read, which finds disks and servers that can't deliver it, and booleans that are neither 0 nor 1 (InvalidBool). Exits with 1 if any file has a fault.",
    )
    .argument("<file...>", "paths, URLs, indexes of sharded checkpoints, - for standard input")
    .option("--nan", "NaN and infinities are faults too (NonFinite)")
    .option("--no-data", "check headers only")
    .addOption(jsonOption())
    .action((places: string[], options: Options) => verify(places, options, terminal));
  return examples(command, [
    ["verify model.safetensors", "one file"],
    ["verify --nan checkpoints/*.safetensors", "did the training diverge?"],
    ["verify model.safetensors.index.json", "an index with all its shards"],
  ]);
}

async function verify(places: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const reports: Report[] = [];
  for (const place of places) {
    const report = await check(place, options, terminal);
    reports.push(report);
    if (!options.json) terminal.print(draw(report, terminal));
  }
  if (options.json) terminal.json(places.length === 1 ? reports[0] : reports);
  if (reports.some((report) => report.trouble)) terminal.exit.code = EXIT.trouble;
  else if (reports.some((report) => !report.ok)) terminal.exit.code = EXIT.found;
}

async function check(place: string, options: Options, terminal: Terminal): Promise<Report> {
  let totals = { tensors: 0, bytes: 0 };
  try {
    await using file = await open(place, terminal, { listsMissing: true });
    totals = { tensors: totalsOf(file).tensors, bytes: file.byteLength };
    const faults = missingFaults(file);
    if (options.data) faults.push(...(await checkData(file, options.nan ?? false, terminal)));
    return { file: placeName(place), ok: faults.length === 0, ...totals, faults };
  } catch (error) {
    terminal.signal.throwIfAborted();
    const faults = [...(await shardFaults(place, terminal)), ...faultsOf(error)];
    const known = new Map(faults.map((fault) => [fault.message, fault]));
    return {
      file: placeName(place),
      ok: false,
      ...totals,
      faults: [...known.values()],
      ...(exitCodeOf(error) === EXIT.trouble && { trouble: true }),
    };
  }
}

/** The tensors that an index lists in files that don't have them. */
function missingFaults({ missing }: SafetensorsFile): Fault[] {
  return Array.from(missing, ([name, shard]) => ({
    code: "InvalidIndex",
    message: `tensor ${quote(name)} is missing: the index lists it in ${quote(shard)}, which doesn't have it`,
    tensor: name,
  }));
}

/** All faults of all shards: opening the index tells of the first broken one only. */
async function shardFaults(place: string, terminal: Terminal): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const shard of await shardFiles(place, terminal).catch(() => [])) {
    try {
      await using _file = await open(shard.place, terminal);
    } catch (error) {
      if (isFault(error))
        faults.push(
          ...faultsOf(error).map((fault) => ({ ...fault, message: `${shard.name}: ${fault.message}` })),
        );
    }
  }
  return faults;
}

function faultsOf(error: unknown): Fault[] {
  if (!isPytree2SafetensorsError(error))
    return [{ code: "Error", message: error instanceof Error ? error.message : String(error) }];
  // A single fault says no more than the error itself, which names the file as well.
  return error.faults.length === 0 ? [{ code: error.code, message: error.message }] : [...error.faults];
}

async function checkData(file: SafetensorsFile, nan: boolean, terminal: Terminal): Promise<Fault[]> {
  const bar = openProgress(terminal, "checking");
  const progress = new ProgressSum(bar, totalsOf(file).bytes);
  const faults: Fault[] = [];
  try {
    for (const name of file.names) {
      const { dtype } = file.info(name);
      const counts = { bool: 0, nan: 0, infinite: 0 };
      for await (const chunk of readChunks(file, name, terminal.signal)) {
        if (dtype === "BOOL") for (const byte of chunk) if (byte > 1) counts.bool++;
        if (nan && isFloat(dtype) && hasNumbers(dtype)) {
          const values = decode(dtype, chunk);
          for (let i = 0; i < values.length; i++) {
            const value = values[i]!;
            if (Number.isNaN(value)) counts.nan++;
            else if (!Number.isFinite(value)) counts.infinite++;
          }
        }
        progress.add(chunk.byteLength, name);
      }
      const at = `tensor ${quote(name)}`;
      if (counts.bool > 0)
        faults.push({
          code: "InvalidBool",
          message: `${at}: ${plural(counts.bool, "value")} neither 0 nor 1`,
          tensor: name,
        });
      if (counts.nan + counts.infinite > 0) {
        const found = [
          counts.nan > 0 && `${formatCount(counts.nan)} NaN`,
          counts.infinite > 0 && `${formatCount(counts.infinite)} infinite`,
        ];
        faults.push({
          code: "NonFinite",
          message: `${at}: ${found.filter(Boolean).join(", ")}`,
          tensor: name,
        });
      }
    }
  } finally {
    bar.done();
  }
  return faults;
}

function draw(report: Report, { color, unicode, width }: Terminal): string[] {
  const name = printable(report.file);
  if (report.ok) {
    const mark = color.green(unicode ? "✓" : "ok");
    return [
      `${mark} ${name}  ${color.dim(`${plural(report.tensors, "tensor")}, ${formatBytes(report.bytes)}`)}`,
    ];
  }
  const mark = color.red(unicode ? "✗" : "FAULT");
  const faults = report.faults.flatMap(({ code, message }) => [
    `  ${color.yellow(code)}`,
    ...wrap(printable(explain(message)), Math.max(20, width - 4)).map((line) => `    ${line}`),
  ]);
  const count = report.trouble ? "could not be checked" : plural(report.faults.length, "fault");
  return [`${mark} ${color.bold(name)}  ${color.red(count)}`, ...faults];
}
