import { Command, Option } from "commander";
import {
  dict2pytree,
  type KeyStyleName,
  LazyTensor,
  pytree2dict,
  type SafetensorsFile,
} from "../../../index.node.ts";
import { parseDtypeRules } from "../../args/dtype-rules.ts";
import { UsageError } from "../../args/exit.ts";
import { guessStyle, type KeyStyles, parseStyles, STRUCTURE_KEY } from "../../args/keys.ts";
import { collect, examples, jsonOption } from "../../args/options.ts";
import { anyOf, renamerOf, selectNames } from "../../args/patterns.ts";
import { open, sizeOf } from "../../files/open.ts";
import { editMetadata, parseOutput, type Result, write } from "../../files/output.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable } from "../../terminal/text.ts";
import { flatOf, type TakeOptions, treeOf, VERBATIM } from "../../trees/lazy.ts";
import { drawPlan, type PlanEntry } from "./view.ts";

interface Options {
  readonly dtype: readonly string[];
  readonly lossy?: boolean;
  readonly keys?: KeyStyles;
  readonly objects: "dict" | "attrs";
  readonly rename: readonly string[];
  readonly select: readonly string[];
  readonly drop: readonly string[];
  readonly shard?: string;
  readonly metadata: readonly string[];
  readonly structure?: "auto" | "always" | "never";
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `convert IN OUT`: dtypes, key styles, names, shards. */
export function convertCommand(terminal: Terminal): Command {
  const command = new Command("convert")
    .summary("convert dtypes, key styles, names; shard and join")
    .description(
      "Writes a file anew with other dtypes, names or shards. Tensors stream from file to file in bounded memory; the output appears whole or not at all. Patterns match the names of the input. The order is: select and drop, rename, key style, dtype.",
    )
    .argument("<in>", "a path, a URL, or the index of a sharded checkpoint")
    .argument("<out>", "a path; with --shard a folder, or the path of its index")
    .option(
      "--dtype <dtype>",
      "bf16, f16, f32, …: all floats (all integers for i32, …); PATTERN=dtype for what matches; may be repeated",
      collect,
      [],
    )
    .option("--lossy", "convert values that the new dtype can't hold")
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
    .option("--select <pattern>", "take these tensors only; may be repeated", collect, [])
    .option("--drop <pattern>", "leave these tensors out; may be repeated", collect, [])
    .option("--shard <size>", "write shards of at most so much each: 5GB, 500MiB")
    .option("--metadata <k=v>", "set a metadata string; k= removes it; may be repeated", collect, [])
    .addOption(
      new Option(
        "--structure <mode>",
        "write structure metadata: auto for pytree keys, never for others, unless told",
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
      "convert a.safetensors b.safetensors --rename 'model.*=encoder.*' --drop '*.bias'",
      "other names, fewer tensors",
    ],
  ]);
}

async function convert(input: string, output: string, options: Options, terminal: Terminal): Promise<void> {
  const target = parseOutput(output, options.shard);
  await using file = await open(input, terminal);
  const result = await plan(file, options, terminal);
  const entries = entriesOf(file, result);
  if (options.dryRun !== true) await write(target, result, terminal);
  if (options.json)
    terminal.json({
      input,
      output,
      written: options.dryRun !== true,
      tensors: entries,
      metadata: result.metadata,
    });
  else
    terminal.print(
      drawPlan(
        output,
        entries,
        { dryRun: options.dryRun ?? false, inputTensors: file.names.length },
        terminal,
      ),
    );
}

/** What is to be written: the tree, and how its leaves are called. */
async function plan(file: SafetensorsFile, options: Options, terminal: Terminal): Promise<Result> {
  const from = options.keys?.from ?? guessStyle(file);
  const to = options.keys?.to ?? from;
  const names = selectNames(file.names, options.select);
  selectNames(file.names, options.drop);
  const dropped = options.drop.length > 0 ? anyOf(options.drop) : () => false;
  const kept = new Set(names.filter((name) => !dropped(name)));
  const take: TakeOptions = {
    select: kept.size < file.names.length ? (name) => kept.has(name) : undefined,
    cast: options.dtype.length > 0 ? parseDtypeRules(options.dtype) : undefined,
    lossy: options.lossy,
  };
  const renamed = renameAll([...kept], options.rename);
  const hasStructure = Object.hasOwn(file.metadata, STRUCTURE_KEY);
  if (hasStructure && renamed !== undefined) {
    terminal.warn(
      `${printable(file.names[0] ?? "")}, …: the structure metadata are of the old names and are left out`,
    );
  }
  const metadata = editMetadata(file.metadata, options.metadata);
  const structure = options.structure ?? (to === "pytree" ? "auto" : "never");
  const shared = { metadata, objects: options.objects };
  if (hasStructure && renamed === undefined) {
    return { tree: await treeOf(file, from, terminal, take), keys: to, structure, ...shared };
  }
  const flat = [...(await flatOf(file, terminal, take))].map(
    ([name, leaf]) => [renamed?.get(name) ?? name, leaf] as const,
  );
  if (from === to && options.objects === "dict" && structure !== "always") {
    return { tree: new Map(flat), keys: VERBATIM, structure: "never", ...shared };
  }
  return { tree: dict2pytree(Object.fromEntries(flat), { keys: from }), keys: to, structure, ...shared };
}

/** New names by old ones; `undefined` where none changes. */
function renameAll(names: readonly string[], rules: readonly string[]): Map<string, string> | undefined {
  const renamers = rules.map(renamerOf);
  const used = new Set<number>();
  const renamed = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const name of names) {
    let next = name;
    for (const [i, rename] of renamers.entries()) {
      const result = rename(next);
      if (result === undefined) continue;
      used.add(i);
      next = result;
    }
    const other = taken.get(next);
    if (other !== undefined) {
      throw new UsageError(
        `--rename gives ${JSON.stringify(other)} and ${JSON.stringify(name)} the same name ${JSON.stringify(next)}`,
      );
    }
    taken.set(next, name);
    if (next !== name) renamed.set(name, next);
  }
  const idle = rules.find((_, i) => !used.has(i));
  if (idle !== undefined) throw new UsageError(`--rename ${JSON.stringify(idle)} matches no name`);
  return renamed.size > 0 ? renamed : undefined;
}

/** The tensors of a result with their names there and what they were. */
function entriesOf(file: SafetensorsFile, { tree, keys, objects = "dict" }: Result): PlanEntry[] {
  return Object.entries(pytree2dict(tree, { keys: keys as KeyStyleName, objects })).flatMap(
    ([name, leaf]) => {
      if (!(leaf instanceof LazyTensor)) return typeof leaf === "string" ? [] : [scalarEntry(name, leaf)];
      const { dtype, shape, byteLength } = leaf;
      const old = file.info(leaf.name);
      return [
        {
          name,
          dtype,
          shape,
          parameters: sizeOf(shape),
          bytes: byteLength,
          from: { name: leaf.name, dtype: old.dtype, bytes: old.byteLength },
        },
      ];
    },
  );
}

function scalarEntry(name: string, value: unknown): PlanEntry {
  const bytes = typeof value === "boolean" ? 1 : 8;
  const dtype =
    typeof value === "number"
      ? "F64"
      : typeof value === "boolean"
        ? "BOOL"
        : (value as bigint) < 2n ** 63n
          ? "I64"
          : "U64";
  return { name, dtype, shape: [], parameters: 1, bytes, from: { name, dtype, bytes } };
}
