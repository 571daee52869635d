import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { isPytree2SafetensorsError, type KeyStyle, type KeyStyleName, savePytree } from "../../index.node.ts";
import { UsageError } from "../args/exit.ts";
import { STRUCTURE_KEY } from "../args/keys.ts";
import { openProgress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { ORDERED } from "../trees/lazy.ts";

/** Where a result goes: one file, or a folder of shards with an index. */
export interface Output {
  readonly path: string;
  readonly shard?: { readonly folder: string; readonly name: string; readonly size: string };
}

/** Reads OUT and `--shard`: a folder, or the name that shards and index are called by in the folder it lies in. */
export function parseOutput(path: string, shardSize: string | undefined): Output {
  if (/^https?:/i.test(path)) throw new UsageError(`${path}: can't write to a URL`);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? /[/\\]$/.test(path);
  const stem = /^(.+?)\.safetensors(\.index\.json)?$/.exec(basename(path));
  if (shardSize !== undefined) {
    const shard =
      stem && !isFolder ? { folder: dirname(path), name: stem[1]! } : { folder: path, name: "model" };
    return { path, shard: { ...shard, size: shardSize } };
  }
  if (isFolder)
    throw new UsageError(`${path} is a folder: name a file in it, or give --shard to write shards into it`);
  if (path.endsWith(".index.json"))
    throw new UsageError(`${path} names an index: give --shard, or name a file`);
  return { path };
}

/** What is written, and how. */
export interface Result {
  readonly tree: unknown;
  readonly keys: KeyStyleName | KeyStyle;
  readonly structure: "auto" | "always" | "never";
  readonly objects?: "dict" | "attrs";
  readonly metadata: Readonly<Record<string, string>>;
}

/** Writes a tree whose leaves stream from file to file; the old file stays whole until the new one is. */
export async function write(output: Output, result: Result, terminal: Terminal): Promise<void> {
  const { tree, keys, structure, objects = "dict", metadata } = result;
  const bar = openProgress(terminal, "writing");
  const { shard, path } = output;
  try {
    await savePytree(tree, shard?.folder ?? path, {
      keys,
      structure,
      objects,
      arrays: ORDERED,
      signal: terminal.signal,
      onProgress: ({ loaded, total, name }) => bar.update(loaded, total, name),
      ...(Object.keys(metadata).length > 0 && { metadata }),
      ...(shard && { maxShardSize: shard.size, shardName: shard.name }),
    });
  } catch (error) {
    if (isPytree2SafetensorsError(error) && error.code === "LossyConversion") {
      throw new UsageError(`${error.message}; --lossy converts all the same`);
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
    if (at < 1)
      throw new UsageError(`--metadata ${JSON.stringify(edit)}: expected key=value, or key= to remove it`);
    const [key, value] = [edit.slice(0, at), edit.slice(at + 1)];
    if (value === "") metadata.delete(key);
    else metadata.set(key, value);
  }
  return Object.fromEntries(metadata);
}
