/** Keeps commands from replacing or removing what they read. */
import { fstatSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { SafetensorsFile } from "../../index.node.ts";
import { UsageError } from "../args/exit.ts";
import { quote } from "../terminal/text.ts";
import { besides, canonicalAddress, isAddress, isFolderAddress, isLocal, placeName } from "./place.ts";

/** What a command reads: the place as it was named, and the file that was opened there. */
export interface Input {
  readonly place: string;
  readonly file: Pick<SafetensorsFile, "files">;
}

/** What a command is about to do. */
export interface Plan {
  readonly inputs: readonly Input[];
  /** Files that will be replaced or removed, whether they are there or not. */
  readonly targets: readonly string[];
  /** The place of the input, where the result is that very file or checkpoint with all that was in it. */
  readonly rewrites?: string | undefined;
}

/**
 * Checks that nothing that is read will be replaced or removed, by whatever name: links and the shards of indexes
 * count.
 *
 * @throws {UsageError} If something would be.
 */
export function refuseToHarm({ inputs, targets, rewrites }: Plan): void {
  const existing = targets.map((path) => ({ path, id: identify(path) })).filter(({ id }) => id !== undefined);
  if (existing.length === 0) return;
  for (const input of inputs) {
    if (input.place === rewrites) continue;
    for (const file of filesOf(input)) {
      const id = identify(file);
      const target = existing.find((other) => id !== undefined && other.id === id);
      if (target !== undefined) throw harm(input.place, file, target.path);
    }
  }
}

function harm(input: string, file: string, target: string): UsageError {
  const what = input === file ? "" : `, a part of ${quote(placeName(input))}`;
  const same = isAddress(file)
    ? canonicalAddress(file) === canonicalAddress(target)
    : resolve(file) === resolve(target);
  const link = same ? "" : ` (the same file as ${quote(target)})`;
  return new UsageError(
    `this would replace or remove ${quote(placeName(file))}${link}, which it reads${what}: name another output`,
  );
}

/** Whether two places are the same path or address, not merely the same file. */
export function isSamePlace(a: string, b: string): boolean {
  if (isAddress(a) || isAddress(b))
    return isAddress(a) && isAddress(b) && canonicalAddress(a) === canonicalAddress(b);
  return resolve(a) === resolve(b);
}

/** Whether standard output goes into a file that is read. */
export function refuseToAppend(inputs: readonly Input[]): void {
  const { dev, ino } = fstatSync(1);
  for (const input of inputs) {
    for (const file of filesOf(input)) {
      if (identify(file) === `${dev}:${ino}`)
        throw new UsageError(`standard output goes into ${quote(file)}, which is read: send it elsewhere`);
    }
  }
}

/** Everything that is read with a place: the shards of an index, what lies in a folder. */
export function filesOf({ place, file }: Input): string[] {
  const shards = file.files.flatMap(({ name }) => name ?? []);
  if (isAddress(place)) {
    const folder = isFolderAddress(place) ? place.replace(/\/?$/, "/") : place;
    return [place, ...shards.map((name) => besides(folder, name))];
  }
  if (!isLocal(place)) return [];
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
    const own = readdirSync(place).filter((name) => /\.safetensors(\.index\.json)?$/.test(name));
    return own.map((name) => join(place, name));
  }
  return [place, ...shards.map((name) => besides(place, name))];
}

/** What tells a file from all others, by whatever name it is called; nothing for a path where there is none. */
function identify(place: string): string | undefined {
  if (isAddress(place)) return canonicalAddress(place);
  const stats = statSync(place, { throwIfNoEntry: false });
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
