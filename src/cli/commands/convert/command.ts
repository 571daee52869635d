/** `convert IN OUT`: dtypes, key styles, names, shards. */
import { Command, Option } from "commander";
import { parseFileSize } from "../../args/bytes.ts";
import { parseStyles } from "../../args/keys.ts";
import { collect, examples, jsonOption } from "../../args/options.ts";
import { open } from "../../files/open.ts";
import { parseOutput, protectInputs, write } from "../../files/output.ts";
import { placeName } from "../../files/place.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { type ConvertOptions, planConversion } from "./plan.ts";
import { drawPlan } from "./view.ts";

interface Options extends ConvertOptions {
  readonly shard?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function convertCommand(terminal: Terminal): Command {
  const command = new Command("convert")
    .summary("convert dtypes, key styles, names; shard and join")
    .description(
      "Writes a copy of a file with other dtypes, names or shards. Tensors stream from file to file in bounded memory; the output appears whole or not at all. Patterns match the names of the input. The order is: select and drop, rename, reindex, key style, dtype.",
    )
    .argument("<in>", "a path, a URL, the index of a sharded checkpoint, or - for standard input")
    .argument("<out>", "a path, or - for standard output; with --shard a folder, or the path of its index")
    .option(
      "--dtype <dtype>",
      "bf16, f16, f32, …: all floats (all integers for i32, …); PATTERN=dtype for what matches; may be repeated",
      collect,
      [],
    )
    .option("--lossy", "convert values that the new dtype can't hold")
    .option("--strict", "make it an error if a finite float becomes infinity or NaN in the new dtype")
    .addOption(
      new Option(
        "-k, --keys <to>",
        "spell key paths as pytree, dotted (PyTorch), slash (Flax) or keystr; FROM:TO if the guess is wrong",
      ).argParser(parseStyles),
    )
    .addOption(
      new Option(
        "--objects <kind>",
        "write dicts of the input as dicts (@key) or as attributes (.key), as Python modules have them",
      )
        .choices(["dict", "attrs"])
        .default("dict"),
    )
    .option(
      "--rename <from=to>",
      "rename by pattern, or the beginning of names; may be repeated, each rule sees what the one before made",
      collect,
      [],
    )
    .option("--reindex", "renumber the items of lists without gaps if some were left out")
    .option("--select <pattern>", "take these tensors only; may be repeated", collect, [])
    .option("--drop <pattern>", "leave these tensors out; may be repeated", collect, [])
    .option("--align", "align every tensor to its element's width; this is always done, with or without it")
    .option("--shard <size>", "write shards of at most this size each: 5GB, 500MiB", parseFileSize)
    .option("--metadata <k=v>", "set a metadata string; k= removes it; may be repeated", collect, [])
    .addOption(
      new Option(
        "--structure <mode>",
        "write structure metadata: auto for pytree keys and never for others by default",
      ).choices(["auto", "always", "never"]),
    )
    .option("-n, --dry-run", "print what would be written, write nothing")
    .addOption(jsonOption())
    .action((input: string, output: string, options: Options) => convert(input, output, options, terminal));
  return examples(command, [
    [
      "convert model.safetensors model-bf16.safetensors --dtype bf16 --dtype '*.scale=f32'",
      "half the size, scales as they were",
    ],
    [
      "convert torch.safetensors tree.safetensors --keys dotted:pytree --dry-run",
      "PyTorch names to a pytree, just to see",
    ],
    ["convert model.safetensors out/ --shard 5GB", "shards and their index"],
    ["convert model.safetensors.index.json whole.safetensors", "and back into one file"],
    [
      "convert model.safetensors short.safetensors --drop 'layers#3' --reindex",
      "without the fourth layer; those after it move up",
    ],
    ["convert - - --dtype bf16 < a.safetensors | p2s ls -", "in a pipe"],
    [
      "convert a.safetensors b.safetensors --rename 'model.*=encoder.*' --drop '*.bias'",
      "other names, fewer tensors",
    ],
  ]);
}

async function convert(input: string, output: string, options: Options, terminal: Terminal): Promise<void> {
  const target = parseOutput(output, options.shard);
  const { dryRun = false, json } = options;
  await using file = await open(input, terminal);
  const { result, entries } = await planConversion(file, options, terminal);
  const isWhole = options.select.length === 0 && options.drop.length === 0;
  protectInputs(target, [{ place: input, file }], isWhole ? input : undefined, terminal);
  if (!dryRun) await write(target, result, terminal);
  const report = target.isStandard ? terminal.reporting() : terminal;
  if (json) {
    report.json({
      input: placeName(input),
      output,
      written: !dryRun,
      tensors: entries,
      metadata: result.metadata,
    });
    return;
  }
  const shown = { output: target.isStandard ? "standard output" : output, dryRun };
  report.print(drawPlan(entries, { ...shown, inputTensors: file.names.length }, report));
}
