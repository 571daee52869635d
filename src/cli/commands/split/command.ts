/** `split FILE -o DIR`: subtrees to files. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import {
  isPytree2SafetensorsError,
  KEY_STYLES,
  type KeyPath,
  type KeyStyleName,
  LazyTensor,
  type SafetensorsFile,
  treeLeavesWithPath,
} from "../../../index.node.ts";
import { UsageError } from "../../args/exit.ts";
import { explain } from "../../args/explain.ts";
import { examples, jsonOption, keysOption } from "../../args/options.ts";
import { open } from "../../files/open.ts";
import { editMetadata, inFolder, parseOutput, type Result, write } from "../../files/output.ts";
import { checkFolderName } from "../../files/output-name.ts";
import { isAddress } from "../../files/place.ts";
import { refuseToHarm } from "../../files/protect.ts";
import { isStandardOutput } from "../../files/standard.ts";
import { formatBytes, plural } from "../../terminal/sizes.ts";
import { formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { nameCell } from "../../terminal/text.ts";
import { guessStyle, STRUCTURE_KEY } from "../../trees/key-styles.ts";
import { flatOf, type TakeOptions, treeOf, VERBATIM } from "../../trees/lazy.ts";
import { subtree } from "../../trees/merge.ts";
import { NO_TREE } from "../../trees/model.ts";
import { splitName } from "../../trees/names.ts";
import { naturalCompare } from "../../trees/natural.ts";

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
  /** Where it is in the tree, if the names make one. */
  readonly path: KeyPath | undefined;
  readonly file: string;
  readonly names: Set<string>;
  bytes: number;
}

export function splitCommand(terminal: Terminal): Command {
  const command = new Command("split")
    .summary("write the subtrees of a file to files of their own")
    .description(
      "Writes each child of the root to a file of its own, named by its key. Tensors keep their whole names, so that merge puts the parts together again, unless --strip removes the key.",
    )
    .argument("<file>", "a path, a URL, the index of a sharded checkpoint, or - for standard input")
    .requiredOption("-o, --output <folder>", "where the files go")
    .option("-d, --depth <levels>", "split this many levels below the root", parseDepth, 1)
    .option("--strip", "remove each subtree's own key from its names")
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
  if (isStandardOutput(options.output))
    throw new UsageError("split writes several files: name a folder for them");
  const isRemote = isAddress(options.output);
  if (isRemote) parseOutput(inFolder(options.output, "root.safetensors"), undefined);
  else if (!existsSync(options.output)) checkFolderName(options.output);
  await using file = await open(place, terminal);
  const { signal } = terminal;
  const take: TakeOptions = { signal, onWarning: (message) => terminal.warn(explain(message)) };
  const style = options.keys ?? guessStyle(file);
  const whole = await wholeTree(file, style, take);
  const groups = whole ? groupLeaves(whole.tree, style, options) : groupNames(file, style, options);
  refuseToHarm({ inputs: [{ place, file }], targets: groups.map((group) => group.file) });
  if (!options.dryRun) {
    if (!isRemote) await mkdir(options.output, { recursive: true });
    for (const group of groups) {
      const result = await resultOf(group, { file, style, whole, strip: options.strip ?? false }, take);
      await write(parseOutput(group.file, undefined), result, terminal);
    }
  }
  report(groups, options, terminal);
}

/** The pytree of a file; `undefined` where its names make none. */
async function wholeTree(
  file: SafetensorsFile,
  style: KeyStyleName,
  take: TakeOptions,
): Promise<{ readonly tree: unknown } | undefined> {
  try {
    return { tree: await treeOf(file, style, take) };
  } catch (error) {
    if (isPytree2SafetensorsError(error) && NO_TREE.has(error.code)) return undefined;
    throw error;
  }
}

/** What goes into the file of a group. */
async function resultOf(
  group: Group,
  from: {
    readonly file: SafetensorsFile;
    readonly style: KeyStyleName;
    readonly whole: { readonly tree: unknown } | undefined;
    readonly strip: boolean;
  },
  take: TakeOptions,
): Promise<Result> {
  const { file, style, whole, strip } = from;
  const metadata = editMetadata(file.metadata, []);
  const structure = style === "pytree" ? "auto" : "never";
  if (strip && whole && group.path)
    return { tree: subtree(whole.tree, group.path), keys: style, structure, metadata };
  const select = (name: string) => group.names.has(name);
  if (whole && Object.hasOwn(file.metadata, STRUCTURE_KEY))
    return { tree: await treeOf(file, style, { ...take, select }), keys: style, structure, metadata };
  const flat = await flatOf(file, { ...take, select });
  const tree = strip
    ? new Map([...flat].map(([name, leaf]) => [name.slice(group.key.length).replace(/^[./]/, ""), leaf]))
    : flat;
  return { tree, keys: VERBATIM, structure: "never", metadata };
}

function groupLeaves(tree: unknown, style: KeyStyleName, options: Options): Group[] {
  const groups = new Groups(options.output);
  for (const [path, leaf] of treeLeavesWithPath(tree)) {
    if (typeof leaf === "string") continue;
    const head = path.slice(0, options.depth);
    const isTensor = leaf instanceof LazyTensor;
    groups.add(KEY_STYLES[style].encode(head), head, {
      name: isTensor ? leaf.name : KEY_STYLES[style].encode(path),
      bytes: isTensor ? leaf.byteLength : typeof leaf === "boolean" ? 1 : 8,
    });
  }
  return groups.list();
}

/** Groups by the keys that names spell, where a tensor has others below its own name. */
function groupNames(file: SafetensorsFile, style: KeyStyleName, options: Options): Group[] {
  const groups = new Groups(options.output);
  const separator = style === "dotted" ? "." : style === "slash" ? "/" : "";
  for (const name of file.names) {
    const key = splitName(name, style).slice(0, options.depth).join(separator);
    groups.add(key, undefined, { name, bytes: file.info(name).byteLength });
  }
  return groups.list();
}

class Groups {
  readonly #groups = new Map<string, Group>();
  readonly #taken = new Map<string, number>();
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(key: string, path: KeyPath | undefined, tensor: { readonly name: string; readonly bytes: number }) {
    let group = this.#groups.get(key);
    if (group === undefined) {
      const file = fileFor(key, this.#folder, this.#taken);
      group = { key, path, file, names: new Set(), bytes: 0 };
      this.#groups.set(key, group);
    }
    group.names.add(tensor.name);
    group.bytes += tensor.bytes;
  }

  list(): Group[] {
    return [...this.#groups.values()].sort((a, b) => naturalCompare(a.key, b.key));
  }
}

// Most file systems take names of 255 bytes, and a letter can have four.
const MAX_STEM = 60;

/** A file name that says the key and that every file system takes. */
function fileFor(key: string, folder: string, taken: Map<string, number>): string {
  const stem =
    key
      .slice(0, 2 * MAX_STEM)
      .replace(/^[.@#/[]+/, "")
      .replace(/[^\p{L}\p{N}_-]+/gu, ".")
      .slice(0, MAX_STEM)
      .replace(/^\.+|\.+$/g, "") || "root";
  let name = stem;
  // Some file systems don't tell A from a. Counting goes on where it stopped, for many keys can have one stem.
  let next = taken.get(stem.toLowerCase()) ?? 1;
  for (; taken.has(name.toLowerCase()); next++) name = `${stem}-${next + 1}`;
  taken.set(stem.toLowerCase(), next);
  taken.set(name.toLowerCase(), taken.get(name.toLowerCase()) ?? 1);
  return inFolder(folder, `${name}.safetensors`);
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
    color.bold(nameCell(file)),
    nameCell(key),
    plural(tensors, "tensor"),
    formatBytes(bytes),
  ]);
  const columns = [
    { flexible: true },
    { name: "key", drop: 1 },
    { name: "tensors", align: "right", drop: 0 },
    { name: "bytes", align: "right" },
  ] as const;
  const lines = formatTable(columns, rows, { width, ellipsis: unicode ? "…" : "~" });
  print(options.dryRun ? [...lines, "", color.dim("(dry run, nothing written)")] : lines);
}

function parseDepth(text: string): number {
  const depth = Number(text);
  if (/^\d+$/.test(text) && depth > 0) return depth;
  throw new InvalidArgumentError("Expected a positive whole number.");
}
