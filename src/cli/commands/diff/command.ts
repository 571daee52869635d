/** `diff A B`: what differs, in structure and in numbers. */
import { Command, InvalidArgumentError } from "commander";
import type { KeyStyleName, SafetensorsFile } from "../../../index.node.ts";
import { EXIT } from "../../args/exit.ts";
import { parseStyle } from "../../args/keys.ts";
import { collect, examples, jsonOption } from "../../args/options.ts";
import { anyOf, selectNames } from "../../args/patterns.ts";
import { renameAll } from "../../args/rename.ts";
import { open } from "../../files/open.ts";
import { placeName } from "../../files/place.ts";
import { openProgress, ProgressSum } from "../../terminal/progress.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { type Difference, findDifference } from "../../values/difference.ts";
import { drawDiff } from "./view.ts";

interface Options {
  readonly tolerance?: number;
  readonly only: readonly string[];
  readonly rename: readonly string[];
  readonly keys?: { readonly a?: KeyStyleName | undefined; readonly b?: KeyStyleName | undefined };
  readonly structure?: boolean;
  readonly metadata: boolean;
  readonly json?: boolean;
}

export function diffCommand(terminal: Terminal): Command {
  const command = new Command("diff")
    .summary("compare two files: structure and numbers")
    .description(
      "Compares two files. Lists tensors that were added, removed, moved to another name, retyped or reshaped. For all others, shows how much the values differ: the largest absolute difference, the largest relative difference (to the larger of the two values), the cosine, and for floats the distance in ULPs, the steps between neighbouring numbers of the dtype. Tensors that were cast are compared by value. Names in different key styles are matched by their keys. Values are read in bounded memory. Exits with 1 if there is a difference.",
    )
    .argument("<a>", "a path, a URL, the index of a sharded checkpoint, or - for standard input")
    .argument("<b>", "what to compare it with, in the same forms")
    .option(
      "-t, --tolerance <t>",
      "allow |a - b| up to t + t * |b|, like numpy's allclose; casts within it count as equal",
      parseTolerance,
    )
    .option(
      "--only <pattern>",
      "compare only these tensors: a key, or a pattern with *; may be repeated",
      collect,
      [],
    )
    .option(
      "--rename <from=to>",
      "rename tensors of a before matching, as convert does; may be repeated",
      collect,
      [],
    )
    .option(
      "-k, --keys <a:b>",
      "key styles of the two files, such as dotted:pytree; guessed by default",
      parseStylePair,
    )
    .option("--structure", "compare only names, dtypes and shapes; read no values")
    .option("--no-metadata", "don't compare metadata")
    .addOption(jsonOption())
    .action((a: string, b: string, options: Options) => diff(a, b, options, terminal));
  return examples(command, [
    ["diff before.safetensors after.safetensors", "compare everything"],
    ["diff model.safetensors model-bf16.safetensors --tolerance 1e-2 --no-metadata", "check a conversion"],
    [
      "diff torch.safetensors tree.safetensors --rename 'h.*=layers.*'",
      "match different key styles and names",
    ],
    ["diff a.safetensors b.safetensors --structure && echo same shape", "use it in a script"],
  ]);
}

async function diff(placeA: string, placeB: string, options: Options, terminal: Terminal): Promise<void> {
  await using a = await open(placeA, terminal);
  await using b = await open(placeB, terminal);
  const found = await compareFiles(a, b, options, terminal);
  if (options.json) terminal.json({ a: placeName(placeA), b: placeName(placeB), ...found });
  else terminal.print(drawDiff(found, options.tolerance, terminal));
  if (!found.equal) terminal.exit.code = EXIT.found;
}

async function compareFiles(
  a: SafetensorsFile,
  b: SafetensorsFile,
  options: Options,
  terminal: Terminal,
): Promise<Difference> {
  const { tolerance, structure, metadata, keys } = options;
  selectNames([...a.names, ...b.names], options.only);
  const renamed = renameAll(a.names, options.rename);
  const bar = openProgress(terminal, "comparing");
  let progress: ProgressSum | undefined;
  try {
    return await findDifference(a, b, {
      tolerance,
      structure,
      metadata,
      signal: terminal.signal,
      only: options.only.length > 0 ? anyOf(options.only) : undefined,
      rename: renamed && ((name) => renamed.get(name) ?? name),
      ...(keys && { keys }),
      onTotal: (bytes) => {
        progress = new ProgressSum(bar, bytes);
      },
      onBytes: (count, name) => progress?.add(count, name),
    });
  } finally {
    bar.done();
  }
}

function parseStylePair(text: string): Options["keys"] {
  const styles = text.split(":");
  if (styles.length > 2) throw new InvalidArgumentError("Expected two key styles, such as dotted:pytree.");
  const [a, b = a] = styles.map((style) => (style === "" ? undefined : parseStyle(style)));
  return { a, b };
}

function parseTolerance(text: string): number {
  const tolerance = Number(text);
  if (text.trim() !== "" && tolerance >= 0 && Number.isFinite(tolerance)) return tolerance;
  throw new InvalidArgumentError("Expected a non-negative number, such as 1e-5.");
}
