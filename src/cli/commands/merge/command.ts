/** `merge A B… -o OUT`: one tree of several files. */
import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { KEY_STYLES, type KeyStyleName, type LazyTensor, type SafetensorsFile } from "../../../index.node.ts";
import { parseFileSize } from "../../args/bytes.ts";
import { UsageError } from "../../args/exit.ts";
import { explain } from "../../args/explain.ts";
import { collect, examples, jsonOption, keysOption } from "../../args/options.ts";
import { open, totalsOf } from "../../files/open.ts";
import {
  editMetadata,
  type Output,
  parseOutput,
  protectInputs,
  type Result,
  write,
} from "../../files/output.ts";
import { placeName } from "../../files/place.ts";
import { formatBytes, plural } from "../../terminal/sizes.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable, quote } from "../../terminal/text.ts";
import { guessStyle, STRUCTURE_KEY } from "../../trees/key-styles.ts";
import { flatOf, type TakeOptions, treeOf, VERBATIM } from "../../trees/lazy.ts";
import { mergeTrees, wrapTree } from "../../trees/merge.ts";

interface Options {
  readonly output: string;
  readonly keys?: KeyStyleName;
  readonly shard?: number;
  readonly metadata: readonly string[];
  readonly json?: boolean;
}

/** A file that goes into the result, and the key that it goes below. */
interface Part {
  readonly place: string;
  readonly key: string;
  readonly file: SafetensorsFile;
}

export function mergeCommand(terminal: Terminal): Command {
  const command = new Command("merge")
    .summary("put several files together into one tree")
    .description(
      "Joins the trees of several files into one: containers at the same place are joined key by key; two tensors of one name are an error. KEY=FILE puts a file's tree below a key. Tensors stream from file to file in bounded memory.",
    )
    .argument(
      "<file...>",
      "paths, URLs, indexes of sharded checkpoints, - for standard input; KEY=FILE to put one below a key",
    )
    .requiredOption(
      "-o, --output <out>",
      "a path, or - for standard output; with --shard a folder, or the path of its index",
    )
    .addOption(keysOption())
    .addOption(
      new Option("--shard <size>", "write shards of at most this size each: 5GB, 500MiB").argParser(
        parseFileSize,
      ),
    )
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
    const [first] = parts;
    const whole = parts.length === 1 && first!.key === "" ? first!.place : undefined;
    protectInputs(target, parts, whole, terminal);
    const result = await join(parts, options, terminal);
    await write(target, result, terminal);
    report(parts, result, target, options, terminal);
  } finally {
    await Promise.all(parts.map(({ file }) => file.close()));
  }
}

function report(
  parts: readonly Part[],
  result: Result,
  target: Output,
  options: Options,
  terminal: Terminal,
): void {
  const tensors = parts.reduce((sum, { file }) => sum + file.names.length, 0);
  const bytes = parts.reduce((sum, { file }) => sum + totalsOf(file).bytes, 0);
  const { color, json, print } = target.isStandard ? terminal.reporting() : terminal;
  if (options.json) {
    const inputs = parts.map(({ place }) => placeName(place));
    json({ inputs, output: options.output, tensors, bytes, metadata: result.metadata });
    return;
  }
  const name = target.isStandard ? "standard output" : printable(options.output);
  print(
    `${color.bold(name)}  ${plural(tensors, "tensor")}, ${formatBytes(bytes)}, from ${plural(parts.length, "file")}`,
  );
}

async function join(parts: readonly Part[], options: Options, terminal: Terminal): Promise<Result> {
  const styles = parts.map(({ file }) => options.keys ?? guessStyle(file));
  const metadata = joinMetadata(parts, options, terminal);
  const style = styles[0]!;
  const take: TakeOptions = {
    signal: terminal.signal,
    onWarning: (message) => terminal.warn(explain(message)),
  };
  const hasStructure = parts.some(({ file }) => Object.hasOwn(file.metadata, STRUCTURE_KEY));
  const isPlain = !hasStructure && parts.every(({ key }) => key === "");
  if (!isPlain) {
    for (const [i, { place }] of parts.entries()) {
      if (styles[i] === style) continue;
      throw new UsageError(
        `${quote(placeName(place))} has ${styles[i]} keys, ${quote(placeName(parts[0]!.place))} has ${style} keys: convert one, or give --keys`,
      );
    }
  }
  if (!hasStructure)
    return { tree: await joinFlat(parts, style, take), keys: VERBATIM, structure: "never", metadata };
  let tree: unknown = null;
  for (const { file, key, place } of parts) {
    const [path] = KEY_STYLES[style].decode([key]);
    const own = wrapTree(await treeOf(file, style, take), path!);
    tree = named(place, () => mergeTrees(tree, own));
  }
  return { tree, keys: style, structure: style === "pytree" ? "auto" : "never", metadata };
}

/** Tensors by their names: without structure metadata, names say all that is to be known. */
async function joinFlat(
  parts: readonly Part[],
  style: KeyStyleName,
  take: TakeOptions,
): Promise<Map<string, LazyTensor>> {
  const all = new Map<string, LazyTensor>();
  const owner = new Map<string, string>();
  for (const { file, key, place } of parts) {
    for (const [own, leaf] of await flatOf(file, take)) {
      const name = below(key, own, style);
      const other = owner.get(name);
      if (other !== undefined) {
        throw new UsageError(
          `both ${quote(placeName(other))} and ${quote(placeName(place))} have the tensor ${quote(name)}: put one below a key, as in key=${placeName(place)}`,
        );
      }
      all.set(name, leaf);
      owner.set(name, place);
    }
  }
  return all;
}

/** A name below a key. */
function below(key: string, name: string, style: KeyStyleName): string {
  if (key === "" || name === "") return key + name;
  if (style === "dotted") return `${key}.${name}`;
  if (style === "slash") return `${key}/${name}`;
  // In these, the first attribute of a name goes without its dot.
  return /^[.@#[]/.test(name) ? key + name : `${key}.${name}`;
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
          `metadata ${quote(key)}: ${quote(placeName(place))} has another value; the first one stays`,
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
    if (error instanceof UsageError)
      throw new UsageError(`${quote(placeName(place))} and a file before it ${error.message}`);
    throw error;
  }
}
