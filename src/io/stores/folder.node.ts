/** A folder of a file system: Node, Deno, Bun. */
import { mkdir, readdir, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { explain, ifThere } from "../explain.node.ts";
import { attempt, cannot } from "../faults.ts";
import { pathSink } from "../sinks/path.node.ts";
import { syncFolder } from "../sinks/sync.node.ts";
import { clearLitterIn, isLiving, targetOf } from "../sinks/temporary.node.ts";
import { pathSource } from "../sources/path.node.ts";
import type { ListOptions, Store, StoreEntry } from "../types.ts";
import { checkKey } from "../urls.ts";
import { isListed, mayHold } from "./listing.ts";

/** The store of a folder that is there, or can be made. */
export async function openFolder(root: string, name: string): Promise<Store> {
  const fail = explain("WriteError", "make the folder", name);
  const found = await attempt(fail, () => ifThere(stat(root)));
  if (found === undefined || found.isDirectory()) return folderStore(root, name);
  throw cannot("WriteError", "make the folder", name, "a file has that name; pass the path of a folder");
}

/**
 * The files below a folder. The folder is made when the first of them is written. Links to files are followed, links to
 * folders are not listed.
 *
 * @param root Its absolute path.
 * @param name Its path as the caller spelled it.
 */
export function folderStore(root: string, name: string): Store {
  return {
    name,
    async source(key, options = {}) {
      checkKey(key);
      const source = await pathSource(join(root, key), join(name, key), options);
      if (source !== undefined) return source;
      const place = join(name, key);
      throw cannot("IoError", "read", place, "it is a folder; name a file in it");
    },
    async sink(key, options = {}) {
      checkKey(key);
      const path = join(root, key);
      const fail = explain("WriteError", "make the folder", join(name, dirname(key)));
      await attempt(fail, () => makeFolder(dirname(path), options.flush ?? true));
      return pathSink(path, join(name, key), options);
    },
    list: (prefix, options) => entriesOf(root, name, false, prefix, options),
    pending: (prefix) => entriesOf(root, name, true, prefix),
    async remove(key) {
      checkKey(key);
      const fail = explain("WriteError", "remove", join(name, key));
      await attempt(fail, () => rm(join(root, key), { force: true }));
    },
    async sweep(prefix, isOwn) {
      await attempt(explain("WriteError", "clear", name), () => sweepFolder(root, "", prefix, isOwn));
    },
  };
}

/** Makes a folder and those above it; `flush` has the names of new ones on the disk, so that they outlive a crash. */
async function makeFolder(folder: string, flush: boolean): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined || !flush) return;
  const end = dirname(first);
  for (let parent = dirname(folder); ; parent = dirname(parent)) {
    await syncFolder(parent);
    if (parent === end || parent === dirname(parent)) return;
  }
}

/** Removes temporary files and folders without a file; tells whether anything is left. */
async function sweepFolder(
  root: string,
  path: string,
  prefix: string,
  isOwn: (key: string) => boolean,
): Promise<boolean> {
  const isDead = (key: string) => key.startsWith(prefix) && isOwn(key);
  let left = 0;
  const entries = await ifThere(readdir(join(root, path), { withFileTypes: true }));
  for (const entry of entries ?? []) {
    const key = path + entry.name;
    const file = join(root, key);
    const target = targetOf(entry.name);
    if (entry.isDirectory() && mayHold(`${key}/`, prefix, false)) {
      if (!(await sweepFolder(root, `${key}/`, prefix, isOwn)) && isDead(`${key}/`))
        await ifThere(rmdir(file));
      else left++;
    } else if (target !== undefined && isDead(path + target) && !isLiving(file))
      await rm(file, { force: true });
    else left++;
  }
  return left > 0;
}

/** The files below a folder, or the temporary ones by the keys that they are to have. */
async function* entriesOf(
  root: string,
  name: string,
  isPending: boolean,
  prefix = "",
  { shallow = false, signal }: ListOptions = {},
): AsyncGenerator<StoreEntry, void, undefined> {
  // Level by level, so that the files at the top come first.
  const folders = [""];
  for (let path = folders.shift(); path !== undefined; path = folders.shift()) {
    const folder = join(root, path);
    if (isPending) await clearLitterIn(folder).catch(() => {});
    // A folder that isn't there yet has nothing in it.
    const fail = explain("IoError", "list the folder", join(name, path));
    const entries = await attempt(fail, () => ifThere(readdir(folder, { withFileTypes: true })));
    for (const entry of entries?.sort((a, b) => (a.name < b.name ? -1 : 1)) ?? []) {
      signal?.throwIfAborted();
      const inside = `${path}${entry.name}/`;
      if (entry.isDirectory()) {
        if (mayHold(inside, prefix, shallow)) folders.push(inside);
        continue;
      }
      const target = targetOf(entry.name);
      const key = path + (target ?? entry.name);
      if ((target !== undefined) !== isPending || !isListed(key, prefix, shallow)) continue;
      // Removed by someone else since the folder was listed, or a link that leads nowhere.
      const found = await stat(join(folder, entry.name)).catch(() => undefined);
      if (found?.isFile()) yield { key, size: found.size, modified: found.mtimeMs };
    }
  }
}
