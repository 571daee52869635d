import { Command, InvalidArgumentError, Option } from "commander";
import type { KeyStyleName } from "../../../index.node.ts";
import { guessStyle } from "../../args/keys.ts";
import { collect, examples, jsonOption, keysOption } from "../../args/options.ts";
import { anyOf, selectNames } from "../../args/patterns.ts";
import { baseName, open } from "../../files/open.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable } from "../../terminal/text.ts";
import { readTree, type TreeNode } from "../../trees/model.ts";
import { drawTree } from "./view.ts";

interface Options {
  readonly depth: number;
  readonly only: readonly string[];
  readonly sort?: "size";
  readonly all?: boolean;
  readonly keys?: KeyStyleName;
  readonly json?: boolean;
}

/** `tree FILE`: the pytree as a tree. */
export function treeCommand(terminal: Terminal): Command {
  const command = new Command("tree")
    .summary("show the pytree with shapes and sizes")
    .description(
      "Shows the pytree of a file as a tree: key, kind or dtype, shape, parameters and bytes; containers with their subtotals. Runs of equal layers are folded into one, whose subtotal is that of all.",
    )
    .argument("<file>", "a path, a URL, or the index of a sharded checkpoint")
    .option("-d, --depth <levels>", "go so many levels deep", parseDepth, Number.POSITIVE_INFINITY)
    .option(
      "--only <pattern>",
      "show these tensors only: a key, or a pattern with *; may be repeated",
      collect,
      [],
    )
    .addOption(new Option("--sort <by>", "put the largest first").choices(["size"]))
    .option("-a, --all", "show every layer, do not fold equal ones")
    .addOption(keysOption())
    .addOption(jsonOption())
    .action((place: string, options: Options) => tree(place, options, terminal));
  return examples(command, [
    ["tree model.safetensors", "the whole tree"],
    ["tree model.safetensors --depth 2 --sort size", "where the bytes are"],
    ["tree model.safetensors --only '*.bias'", "biases only"],
    ["tree https://example.com/model.safetensors.index.json", "a sharded checkpoint, only headers are read"],
  ]);
}

async function tree(place: string, options: Options, terminal: Terminal): Promise<void> {
  await using file = await open(place, terminal);
  const style = options.keys ?? guessStyle(file);
  if (options.only.length > 0) selectNames(file.names, options.only);
  const root = await readTree(file, {
    style,
    only: options.only.length > 0 ? anyOf(options.only) : undefined,
    onWarning: (message) => terminal.warn(`${printable(place)}: ${message}`),
    signal: terminal.signal,
  });
  if (options.json) {
    const { tensors, parameters, bytes } = root;
    terminal.json({
      file: place,
      keys: style,
      tensors,
      parameters,
      bytes,
      tree: toJson(root, options.depth),
    });
    return;
  }
  const { depth, sort, all = false } = options;
  terminal.print(drawTree(root, terminal, { title: baseName(place), depth, sort, all }));
}

function toJson(node: TreeNode, depth: number): unknown {
  const { label, kind, name, dtype, shape, value, children, tensors, parameters, bytes } = node;
  if (kind === "tensor") return { key: label, kind, name, dtype, shape, parameters, bytes };
  if (kind === "scalar") return { key: label, kind, name, dtype, shape, value, parameters, bytes };
  if (kind === "static") return { key: label, kind, value };
  if (kind === "none") return { key: label, kind };
  const below = depth > 0 ? { children: children.map((child) => toJson(child, depth - 1)) } : {};
  return { key: label, kind, tensors, parameters, bytes, ...below };
}

function parseDepth(text: string): number {
  const depth = Number(text);
  if (/^\d+$/.test(text) && depth > 0) return depth;
  throw new InvalidArgumentError("Expected a positive whole number.");
}
