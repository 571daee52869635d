/** Keeps commands from replacing or removing what they read. */
import { fstatSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "../args/exit.ts";
import { quote } from "../terminal/text.ts";
import { isUrl } from "./open.ts";
import { shardFiles } from "./shard-files.ts";
import { isStandardInput } from "./standard.ts";

/** What a command is about to do to the disk. */
export interface Plan {
  /** What it reads, as it was named. */
  readonly inputs: readonly string[];
  /** Files that will be replaced or removed, whether they are there or not. */
  readonly targets: readonly string[];
  /** The input, where the result is that very file or checkpoint with all that was in it. */
  readonly rewrites?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Checks that nothing that is read will be replaced or removed, by whatever name: links and the shards of indexes
 * count.
 *
 * @throws {UsageError} If something would be.
 */
export async function refuseToHarm({ inputs, targets, rewrites, signal }: Plan): Promise<void> {
  const existing = targets.map((path) => ({ path, id: identify(path) })).filter(({ id }) => id !== undefined);
  if (existing.length === 0) return;
  for (const input of inputs) {
    if (input === rewrites || isUrl(input) || isStandardInput(input)) continue;
    for (const file of await filesOf(input, signal)) {
      const id = identify(file);
      const target = existing.find((other) => id !== undefined && other.id === id);
      if (target !== undefined) throw harm(input, file, target.path);
    }
  }
}

function harm(input: string, file: string, target: string): UsageError {
  const what = input === file ? "" : `, a part of ${quote(input)}`;
  const link = resolve(file) === resolve(target) ? "" : ` (the same file as ${quote(target)})`;
  return new UsageError(
    `this would replace or remove ${quote(file)}${link}, which it reads${what}: name another output`,
  );
}

/** Whether two places are the same path, not merely the same file. */
export function isSamePath(a: string, b: string): boolean {
  return !isUrl(a) && resolve(a) === resolve(b);
}

/** Whether standard output goes into a file that is read. */
export async function refuseToAppend(inputs: readonly string[], signal: AbortSignal): Promise<void> {
  const { dev, ino } = fstatSync(1);
  for (const input of inputs) {
    if (isUrl(input) || isStandardInput(input)) continue;
    for (const file of await filesOf(input, signal)) {
      if (identify(file) === `${dev}:${ino}`)
        throw new UsageError(`standard output goes into ${quote(file)}, which is read: send it elsewhere`);
    }
  }
}

/** Everything that is read with a place: the shards of an index, what lies in a folder. */
async function filesOf(place: string, signal: AbortSignal): Promise<string[]> {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
    const own = readdirSync(place).filter((name) => /\.safetensors(\.index\.json)?$/.test(name));
    return own.map((name) => join(place, name));
  }
  return [place, ...(await shardFiles(place, signal)).map((shard) => shard.place)];
}

function identify(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
}

/** What a sharded save of that name replaces or removes in a folder: its index, and every shard of its name. */
export function shardTargets(folder: string, name: string): string[] {
  const index = join(folder, `${name}.safetensors.index.json`);
  let entries: string[] = [];
  try {
    entries = readdirSync(folder);
  } catch {
    return [index]; // the folder is yet to be made
  }
  const shards = entries.filter((entry) => entry.startsWith(`${name}-`) && entry.endsWith(".safetensors"));
  return [index, ...shards.map((entry) => join(folder, entry))];
}
