/** Where results go, and writing them there. */
import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { isPytree2SafetensorsError, type KeyStyle, type KeyStyleName, savePytree } from "../../index.node.ts";
import { UsageError } from "../args/exit.ts";
import { explain } from "../args/explain.ts";
import { openProgress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { quote } from "../terminal/text.ts";
import { STRUCTURE_KEY } from "../trees/key-styles.ts";
import { prepare } from "./access.ts";
import { checkFileName, checkFolderName } from "./output-name.ts";
import { folderOf, isAddress, isFolderAddress, placeName } from "./place.ts";
import { filesOf, type Input, isSamePlace, refuseToAppend, refuseToHarm, shardTargets } from "./protect.ts";
import { isStandardOutput, standardOutput } from "./standard.ts";

/** Where a result goes: standard output, one file, or a folder of shards with an index. */
export interface Output {
  readonly path: string;
  readonly isStandard: boolean;
  readonly shard?: { readonly folder: string; readonly name: string; readonly size: number };
}

/**
 * Reads OUT and `--shard`: `-`, a file, a folder, or the name that shards and index are called by in the folder it lies
 * in.
 *
 * @throws {UsageError} If the name says that something else is meant.
 */
export function parseOutput(path: string, shardSize: number | undefined): Output {
  if (isAddress(path) && !/^s3:/i.test(path)) {
    throw new UsageError(
      `${quote(placeName(path))}: can't write to this address: name a path or an s3: address`,
    );
  }
  if (path === "") throw new UsageError("the name of the output is empty");
  if (isStandardOutput(path)) {
    if (shardSize !== undefined) throw new UsageError("--shard needs a folder, standard output is one file");
    return { path, isStandard: true };
  }
  const existing = isAddress(path) ? undefined : statSync(path, { throwIfNoEntry: false });
  const isFolder = isAddress(path) ? isFolderAddress(path) : (existing?.isDirectory() ?? /[/\\]$/.test(path));
  if (shardSize !== undefined) return parseShardOutput(path, isFolder, existing !== undefined, shardSize);
  if (isFolder) {
    throw new UsageError(
      `${quote(path)} is a folder: name a file in it, or give --shard to write shards into it`,
    );
  }
  if (/\.index(\.[^.]+)?\.json$/.test(path))
    throw new UsageError(`${quote(path)} names an index: give --shard, or name a file`);
  checkFileName(path);
  return { path, isStandard: false };
}

function parseShardOutput(path: string, isFolder: boolean, exists: boolean, size: number): Output {
  const stem = isFolder ? null : /^(.+?)\.safetensors(\.index\.json)?$/.exec(basename(path));
  if (stem) {
    if (!/^[A-Za-z0-9_][\w.-]*$/.test(stem[1]!)) {
      throw new UsageError(
        `${quote(path)}: the names of shards must be of letters, digits, "_", "-" and ".": name a folder, or spell it so`,
      );
    }
    return { path, isStandard: false, shard: { folder: folderOf(path), name: stem[1]!, size } };
  }
  if (exists && !isFolder)
    throw new UsageError(
      `${quote(path)} is a file: --shard needs a folder, or a name that ends in .safetensors`,
    );
  if (!exists) checkFolderName(path);
  return { path, isStandard: false, shard: { folder: path, name: "model", size } };
}

/**
 * Checks that writing would not harm what is read.
 *
 * @param whole The only input, where the result has all that is in it.
 */
export function protectInputs(
  output: Output,
  inputs: readonly Input[],
  whole: string | undefined,
  terminal: Terminal,
): void {
  if (output.isStandard) {
    if (terminal.stdout === process.stdout) refuseToAppend(inputs);
    return;
  }
  const { folder, name } = output.shard ?? {};
  const itself = folder === undefined ? output.path : inFolder(folder, `${name}.safetensors.index.json`);
  const targets =
    folder === undefined
      ? [output.path]
      : isAddress(folder)
        ? [itself, ...inputs.flatMap(filesOf).filter((file) => isShardOf(file, folder, name!))]
        : shardTargets(folder, name!);
  const rewrites = whole !== undefined && isSamePlace(whole, itself) ? whole : undefined;
  refuseToHarm({ inputs, targets, rewrites });
}

function isShardOf(file: string, folder: string, name: string): boolean {
  const own = file.slice(file.lastIndexOf("/") + 1);
  return (
    isSamePlace(inFolder(folder, own), file) && own.startsWith(`${name}-`) && own.endsWith(".safetensors")
  );
}

/** The place of a file in a folder. */
export function inFolder(folder: string, name: string): string {
  return isAddress(folder) ? folder.replace(/\/?$/, "/") + name : join(folder, name);
}

/** What is written, and how. */
export interface Result {
  readonly tree: unknown;
  readonly keys: KeyStyleName | KeyStyle;
  readonly structure: "auto" | "always" | "never";
  readonly objects?: "dict" | "attrs";
  readonly metadata: Readonly<Record<string, string>>;
  /** Makes an error of a cast that turns finite values into infinities or NaN. */
  readonly strict?: boolean | undefined;
}

/** Writes a tree whose leaves stream from file to file; the old file stays whole until the new one is. */
export async function write(output: Output, result: Result, terminal: Terminal): Promise<void> {
  const { tree, keys, structure, objects = "dict", metadata, strict = false } = result;
  const { shard, path } = output;
  const sink = output.isStandard ? standardOutput(terminal) : (shard?.folder ?? path);
  if (!output.isStandard) await prepare(path);
  const bar = openProgress(terminal, "writing");
  try {
    await savePytree(tree, sink, {
      keys,
      structure,
      objects,
      ordered: true,
      overflow: strict ? "error" : "warn",
      onWarning: (error) => terminal.warn(explain(error.message)),
      signal: terminal.signal,
      onProgress: ({ loaded, total, name }) => bar.update(loaded, total, name),
      ...(Object.keys(metadata).length > 0 && { metadata }),
      ...(shard && { maxShardSize: shard.size, shardName: shard.name }),
    });
  } catch (error) {
    if (isPytree2SafetensorsError(error) && error.code === "LossyConversion") {
      const wayOut =
        error.overflowed === undefined
          ? "--lossy converts all the same"
          : "without --strict this is a warning";
      throw new UsageError(`${explain(error.message)}; ${wayOut}`);
    }
    throw error;
  } finally {
    bar.done();
  }
}

/** The metadata of a file without what belongs to its structure, and `k=v` set; `k=` alone removes. */
export function editMetadata(
  old: Readonly<Record<string, string>>,
  edits: readonly string[],
): Readonly<Record<string, string>> {
  const metadata = new Map(Object.entries(old).filter(([key]) => key !== STRUCTURE_KEY));
  for (const edit of edits) {
    const at = edit.indexOf("=");
    if (at < 1) throw new UsageError(`--metadata ${quote(edit)}: expected key=value, or key= to remove it`);
    const [key, value] = [edit.slice(0, at), edit.slice(at + 1)];
    if (key === STRUCTURE_KEY)
      throw new UsageError(
        `--metadata ${quote(edit)}: this key is for the structure of the tree; use another key`,
      );
    if (value === "") metadata.delete(key);
    else metadata.set(key, value);
  }
  return Object.fromEntries(metadata);
}
