/** `tree FILE…`: the pytree as a tree. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { KeyStyleName } from "../../../index.node.ts";
import { explain } from "../../args/explain.ts";
import { collect, examples, jsonOption, keysOption } from "../../args/options.ts";
import { Selection } from "../../args/patterns.ts";
import { drawMissing } from "../../files/missing.ts";
import { baseName, open } from "../../files/open.ts";
import { placeName } from "../../files/place.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { guessStyle } from "../../trees/key-styles.ts";
import { readTree } from "../../trees/model.ts";
import type { TreeNode } from "../../trees/node.ts";
import { drawTree } from "./view.ts";

interface Options {
  readonly depth: number;
  readonly only: readonly string[];
  readonly sort?: "size";
  readonly all?: boolean;
  readonly keys?: KeyStyleName;
  readonly json?: boolean;
}

export function treeCommand(terminal: Terminal): Command {
  const command = new Command("tree")
    .summary("show the pytree with shapes and sizes")
    .description(
      "Shows the pytree of a file as a tree: key, kind or dtype, shape, parameters and bytes; containers with their subtotals. Runs of equal layers are folded into one, whose subtotal is that of all. Packed low-bit weights are counted one by one if their names identify them; their scales don't count as parameters. If names form no pytree, because a tensor has others below its name, they are shown as they are. Tensors that an index lists but their file lacks are listed below the tree. A narrow terminal has no room for all columns: parameters are left out first, then kinds, shapes and bytes.",
    )
    .argument("<file...>", "paths, URLs, indexes of sharded checkpoints, - for standard input")
    .option("-d, --depth <levels>", "show this many levels", parseDepth, Number.POSITIVE_INFINITY)
    .option(
      "--only <pattern>",
      "show these tensors only: a key, or a pattern with *; may be repeated",
      collect,
      [],
    )
    .addOption(new Option("--sort <by>", "put the largest first").choices(["size"]))
    .option("-a, --all", "show every layer, don't fold equal ones")
    .addOption(keysOption())
    .addOption(jsonOption())
    .action((places: string[], options: Options) => tree(places, options, terminal));
  return examples(command, [
    ["tree model.safetensors", "the whole tree"],
    ["tree model.safetensors --depth 2 --sort size", "where the bytes are"],
    ["tree model.safetensors --only '*.bias'", "biases only"],
    ["tree https://example.com/model.safetensors.index.json", "a sharded checkpoint, only headers are read"],
  ]);
}

async function tree(places: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const answers: unknown[] = [];
  const drawings: string[][] = [];
  const selection = new Selection(options.only);
  for (const place of places) {
    await using file = await open(place, terminal, { listsMissing: true });
    const style = options.keys ?? guessStyle(file);
    const selected = new Set(selection.of([...file.names, ...file.missing.keys()]));
    const missing = [...file.missing].filter(([name]) => selected.has(name));
    const root = await readTree(file, {
      style,
      only: options.only.length > 0 ? (name) => selected.has(name) : undefined,
      onWarning: (message) => terminal.warn(`${placeName(place)}: ${explain(message)}`),
      signal: terminal.signal,
    });
    const { depth, sort, all = false } = options;
    if (options.json) {
      const { tensors, parameters, bytes } = root;
      answers.push({
        file: placeName(place),
        keys: style,
        tensors,
        parameters,
        bytes,
        ...(missing.length > 0 && { missing: missing.map(([name, shard]) => ({ name, shard })) }),
        tree: toJson(root, depth),
      });
      continue;
    }
    drawings.push([
      ...drawTree(root, terminal, { title: baseName(place), depth, sort, all }),
      ...drawMissing(missing, terminal),
    ]);
  }
  selection.finish();
  if (options.json) terminal.json(places.length === 1 ? answers[0] : answers);
  else terminal.print(drawings.flatMap((lines, i) => (i === 0 ? lines : ["", ...lines])));
}

function toJson(node: TreeNode, depth: number): unknown {
  const { label, kind, name, dtype, shape, value, children, tensors, parameters, bytes } = node;
  const below = depth > 0 ? { children: children.map((child) => toJson(child, depth - 1)) } : {};
  switch (kind) {
    case "tensor": {
      // Of a tensor with others below it, the sums are of all.
      const sums = children.length > 0 ? { tensors, parameters, bytes, ...below } : { parameters, bytes };
      return { key: label, kind, name, dtype, shape, ...sums };
    }
    case "scalar":
      return { key: label, kind, name, dtype, shape, value, parameters, bytes };
    case "static":
      return { key: label, kind, value };
    case "none":
      return { key: label, kind };
    default:
      return { key: label, kind, tensors, parameters, bytes, ...below };
  }
}

function parseDepth(text: string): number {
  const depth = Number(text);
  if (/^\d+$/.test(text) && depth > 0) return depth;
  throw new InvalidArgumentError("Expected a positive whole number.");
}
