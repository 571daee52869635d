import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import {
  KEY_STYLES,
  type KeyPath,
  type KeyStyleName,
  LazyTensor,
  treeLeavesWithPath,
} from "../../../index.node.ts";
import { guessStyle, STRUCTURE_KEY } from "../../args/keys.ts";
import { examples, jsonOption, keysOption } from "../../args/options.ts";
import { open } from "../../files/open.ts";
import { editMetadata, parseOutput, type Result, write } from "../../files/output.ts";
import { formatBytes, plural } from "../../terminal/sizes.ts";
import { formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable } from "../../terminal/text.ts";
import { flatOf, treeOf, VERBATIM } from "../../trees/lazy.ts";
import { subtree } from "../../trees/merge.ts";

interface Options {
  readonly output: string;
  readonly depth: number;
  readonly strip?: boolean;
  readonly keys?: KeyStyleName;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** A subtree that goes into a file of its own. */
interface Group {
  readonly key: string;
  readonly path: KeyPath;
  readonly file: string;
  readonly names: Set<string>;
  bytes: number;
}

/** `split FILE -o DIR`: subtrees to files. */
export function splitCommand(terminal: Terminal): Command {
  const command = new Command("split")
    .summary("write the subtrees of a file to files of their own")
    .description(
      "Writes each child of the root to a file of its own, named by its key. Tensors keep their whole names, so that merge puts the parts together again, unless --strip takes the key off.",
    )
    .argument("<file>", "a path, a URL, or the index of a sharded checkpoint")
    .requiredOption("-o, --output <folder>", "where the files go")
    .option("-d, --depth <levels>", "split so many levels below the root", parseDepth, 1)
    .option("--strip", "take each subtree's own key off its names")
    .addOption(keysOption())
    .option("-n, --dry-run", "print what would be written, write nothing")
    .addOption(jsonOption())
    .action((place: string, options: Options) => split(place, options, terminal));
  return examples(command, [
    ["split model.safetensors -o parts", "a file for each child of the root"],
    ["split model.safetensors -o layers --depth 2 --strip", "a file for each layer, to load on its own"],
    ["merge parts/*.safetensors -o model.safetensors", "and back"],
  ]);
}

async function split(place: string, options: Options, terminal: Terminal): Promise<void> {
  await using file = await open(place, terminal);
  const style = options.keys ?? guessStyle(file);
  const hasStructure = Object.hasOwn(file.metadata, STRUCTURE_KEY);
  const metadata = editMetadata(file.metadata, []);
  const whole = await treeOf(file, style, terminal);
  const groups = groupLeaves(whole, style, options);
  for (const group of groups) {
    if (options.dryRun) break;
    await mkdir(options.output, { recursive: true });
    const select = (name: string) => group.names.has(name);
    const structure = style === "pytree" ? "auto" : "never";
    const result: Result = options.strip
      ? { tree: subtree(whole, group.path), keys: style, structure, metadata }
      : hasStructure
        ? { tree: await treeOf(file, style, terminal, { select }), keys: style, structure, metadata }
        : { tree: await flatOf(file, terminal, { select }), keys: VERBATIM, structure: "never", metadata };
    await write(parseOutput(group.file, undefined), result, terminal);
  }
  report(groups, options, terminal);
}

function groupLeaves(tree: unknown, style: KeyStyleName, options: Options): Group[] {
  const groups = new Map<string, Group>();
  const taken = new Set<string>();
  for (const [path, leaf] of treeLeavesWithPath(tree)) {
    if (typeof leaf === "string") continue;
    const head = path.slice(0, options.depth);
    const key = KEY_STYLES[style].encode(head);
    const group = groups.get(key) ?? {
      key,
      path: head,
      file: fileFor(key, options.output, taken),
      names: new Set(),
      bytes: 0,
    };
    group.names.add(leaf instanceof LazyTensor ? leaf.name : KEY_STYLES[style].encode(path));
    group.bytes += leaf instanceof LazyTensor ? leaf.byteLength : typeof leaf === "boolean" ? 1 : 8;
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** A file name that says the key and that every file system takes. */
function fileFor(key: string, folder: string, taken: Set<string>): string {
  const stem =
    key
      .replace(/^[.@#/[]+/, "")
      .replace(/[^\p{L}\p{N}_-]+/gu, ".")
      .replace(/^\.+|\.+$/g, "") || "root";
  let name = stem;
  // Some file systems don't tell A from a.
  for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${stem}-${i}`;
  taken.add(name.toLowerCase());
  return join(folder, `${name}.safetensors`);
}

function report(
  groups: readonly Group[],
  options: Options,
  { color, json, print, unicode, width }: Terminal,
): void {
  const list = groups.map(({ key, file, names, bytes }) => ({ key, file, tensors: names.size, bytes }));
  if (options.json) {
    json({ written: options.dryRun !== true, files: list });
    return;
  }
  const rows = list.map(({ file, key, tensors, bytes }) => [
    color.bold(printable(file)),
    printable(key),
    plural(tensors, "tensor"),
    formatBytes(bytes),
  ]);
  const columns = [{ flexible: true }, { drop: 1 }, { align: "right", drop: 0 }, { align: "right" }] as const;
  const lines = formatTable(columns, rows, { width, ellipsis: unicode ? "…" : "~" });
  print(options.dryRun ? [...lines, "", color.dim("(dry run, nothing written)")] : lines);
}

function parseDepth(text: string): number {
  const depth = Number(text);
  if (/^\d+$/.test(text) && depth > 0) return depth;
  throw new InvalidArgumentError("Expected a positive whole number.");
}
