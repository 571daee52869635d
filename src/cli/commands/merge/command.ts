import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { KEY_STYLES, type KeyStyleName, type LazyTensor, type SafetensorsFile } from "../../../index.node.ts";
import { UsageError } from "../../args/exit.ts";
import { guessStyle, STRUCTURE_KEY } from "../../args/keys.ts";
import { collect, examples, jsonOption, keysOption } from "../../args/options.ts";
import { open, totalsOf } from "../../files/open.ts";
import { editMetadata, parseOutput, type Result, write } from "../../files/output.ts";
import { formatBytes, plural } from "../../terminal/sizes.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable } from "../../terminal/text.ts";
import { flatOf, treeOf, VERBATIM } from "../../trees/lazy.ts";
import { mergeTrees, wrapTree } from "../../trees/merge.ts";

interface Options {
  readonly output: string;
  readonly keys?: KeyStyleName;
  readonly shard?: string;
  readonly metadata: readonly string[];
  readonly json?: boolean;
}

/** A file that goes into the result, and the key that it goes below. */
interface Part {
  readonly place: string;
  readonly key: string;
  readonly file: SafetensorsFile;
}

/** `merge A B… -o OUT`: one tree of several files. */
export function mergeCommand(terminal: Terminal): Command {
  const command = new Command("merge")
    .summary("put several files together into one tree")
    .description(
      "Joins the trees of several files into one: containers at the same place are joined key by key; two tensors of one name are an error. KEY=FILE puts a file's tree below a key. Tensors stream from file to file in bounded memory.",
    )
    .argument("<file...>", "paths, URLs, indexes of sharded checkpoints; KEY=FILE to put one below a key")
    .requiredOption("-o, --output <out>", "a path; with --shard a folder, or the path of its index")
    .addOption(keysOption())
    .addOption(new Option("--shard <size>", "write shards of at most so much each: 5GB, 500MiB"))
    .option("--metadata <k=v>", "set a metadata string; k= removes it; may be repeated", collect, [])
    .addOption(jsonOption())
    .action((places: string[], options: Options) => merge(places, options, terminal));
  return examples(command, [
    ["merge encoder.safetensors decoder.safetensors -o model.safetensors", "what split has taken apart"],
    [
      "merge encoder=enc.safetensors decoder=dec.safetensors -o model.safetensors",
      "two models as parts of one",
    ],
  ]);
}

async function merge(places: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const target = parseOutput(options.output, options.shard);
  const parts: Part[] = [];
  try {
    for (const text of places) {
      const { key, place } = parsePart(text);
      parts.push({ key, place, file: await open(place, terminal) });
    }
    const result = await join(parts, options, terminal);
    await write(target, result, terminal);
    report(parts, result, options, terminal);
  } finally {
    await Promise.all(parts.map(({ file }) => file.close()));
  }
}

function report(parts: readonly Part[], result: Result, options: Options, terminal: Terminal): void {
  const tensors = parts.reduce((sum, { file }) => sum + file.names.length, 0);
  const bytes = parts.reduce((sum, { file }) => sum + totalsOf(file).bytes, 0);
  if (options.json)
    terminal.json({
      inputs: parts.map(({ place }) => place),
      output: options.output,
      tensors,
      bytes,
      metadata: result.metadata,
    });
  else
    terminal.print(
      `${terminal.color.bold(printable(options.output))}  ${plural(tensors, "tensor")}, ${formatBytes(bytes)}, from ${plural(parts.length, "file")}`,
    );
}

async function join(parts: readonly Part[], options: Options, terminal: Terminal): Promise<Result> {
  const styles = parts.map(({ file }) => options.keys ?? guessStyle(file));
  const hasStructure = parts.some(({ file }) => Object.hasOwn(file.metadata, STRUCTURE_KEY));
  const metadata = joinMetadata(parts, options, terminal);
  const isPlain = !hasStructure && parts.every(({ key }) => key === "");
  if (isPlain) return { tree: await joinFlat(parts, terminal), keys: VERBATIM, structure: "never", metadata };
  const style = styles[0]!;
  let tree: unknown = null;
  for (const [i, { file, key, place }] of parts.entries()) {
    if (styles[i] !== style)
      throw new UsageError(
        `${place} has ${styles[i]} keys, ${parts[0]!.place} has ${style} keys: convert one, or say --keys`,
      );
    const [path] = KEY_STYLES[style].decode([key]);
    const own = wrapTree(await treeOf(file, style, terminal), path!);
    tree = named(place, () => mergeTrees(tree, own));
  }
  return { tree, keys: style, structure: style === "pytree" ? "auto" : "never", metadata };
}

async function joinFlat(parts: readonly Part[], terminal: Terminal): Promise<Map<string, LazyTensor>> {
  const all = new Map<string, LazyTensor>();
  const owner = new Map<string, string>();
  for (const { file, place } of parts) {
    for (const [name, leaf] of await flatOf(file, terminal)) {
      const other = owner.get(name);
      if (other !== undefined)
        throw new UsageError(
          `both ${other} and ${place} have the tensor ${JSON.stringify(name)}: put one below a key, as in key=${place}`,
        );
      all.set(name, leaf);
      owner.set(name, place);
    }
  }
  return all;
}

function joinMetadata(
  parts: readonly Part[],
  options: Options,
  terminal: Terminal,
): Readonly<Record<string, string>> {
  const joined = new Map<string, string>();
  for (const { file, place } of parts) {
    for (const [key, value] of Object.entries(file.metadata)) {
      const other = joined.get(key);
      if (other !== undefined && other !== value && key !== STRUCTURE_KEY) {
        terminal.warn(
          `metadata ${JSON.stringify(key)}: ${printable(place)} has another value; the first one stays`,
        );
      } else joined.set(key, value);
    }
  }
  return editMetadata(Object.fromEntries(joined), options.metadata);
}

function parsePart(text: string): { key: string; place: string } {
  const match = /^([^=:?]+)=(.+)$/s.exec(text);
  return match === null || existsSync(text) ? { key: "", place: text } : { key: match[1]!, place: match[2]! };
}

function named<T>(place: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${place} and a file before it: ${error.message}`);
    throw error;
  }
}
