/** A folder of a browser's storage. */
import { sleep } from "../abort.ts";
import type { OpfsDirectoryLike, OpfsFileLike } from "../duck-types.ts";
import { attempt, explainStorage } from "../faults.ts";
import { opfsSink } from "../sinks/opfs.ts";
import { opfsSource } from "../sources/opfs.ts";
import type { Folder, ListOptions, Store, StoreEntry } from "../types.ts";
import { checkKey } from "../urls.ts";
import { isListed, mayHold } from "./listing.ts";

// Chromium writes beside a file, into one of this name, and leaves that there if the writer ends just as it opens it.
const SWAP_ENDING = /(\.\d+)?\.crswap$/;
const MAX_TRIES = 20;
const BETWEEN_MS = 50;

/**
 * The files below a folder's handle. A browser makes a file, empty, before the first byte is written to it; so a file
 * without a byte counts as one that is still being written, or whose writer died.
 */
export function opfsFolder(root: OpfsDirectoryLike): Folder {
  return {
    name: root.name,
    source(key) {
      checkKey(key);
      const name = `${root.name}/${key}`;
      return attempt(explainStorage("IoError", "read", name), async () => {
        const source = await opfsSource(await fileOf(root, key, false), name);
        if (source.size > 0) return source;
        throw new Error("it is empty: its writer isn't done, or died");
      });
    },
    async *list(prefix, options) {
      for await (const entry of entriesOf(root, prefix, options)) if (entry.size > 0) yield entry;
    },
  };
}

/** The same as a store that can be written. */
export function opfsStore(root: OpfsDirectoryLike): Store {
  const nameOf = (key: string) => `${root.name}/${key}`;
  // What an aborted save has made anew goes again.
  const removeIfEmpty = async (key: string) => {
    const { folder, last } = await parentOf(root, key, false);
    const file = await (await folder.getFileHandle(last)).getFile();
    if (file.size === 0) await folder.removeEntry(last);
  };
  return {
    ...opfsFolder(root),
    sink(key, options = {}) {
      checkKey(key);
      return attempt(explainStorage("WriteError", "write", nameOf(key)), async () =>
        opfsSink(await fileOf(root, key, true), options, nameOf(key), () => removeIfEmpty(key)),
      );
    },
    async *pending(prefix) {
      for await (const entry of entriesOf(root, prefix)) if (entry.size === 0) yield entry;
    },
    remove(key) {
      checkKey(key);
      return attempt(explainStorage("WriteError", "remove", nameOf(key)), async () => {
        const { folder, last } = await parentOf(root, key, false);
        await removeWhenFree(folder, last);
      }).catch((error: Error) => ignoreMissing(error.cause, error));
    },
    sweep: (prefix, isOwn) =>
      attempt(explainStorage("WriteError", "clear", root.name), async () => {
        await sweepFolder(root, "", (key) => key.startsWith(prefix) && isOwn(key), prefix);
      }),
  };
}

// Removes files without a byte, what a browser wrote beside them, and folders without a file; tells whether anything is
// left.
async function sweepFolder(
  handle: OpfsDirectoryLike,
  path: string,
  sweep: (key: string) => boolean,
  prefix: string,
): Promise<boolean> {
  let left = 0;
  for (const { kind, name } of await childrenOf(handle)) {
    const isFolder = kind === "directory";
    const key = isFolder ? `${path}${name}/` : path + name.replace(SWAP_ENDING, "");
    const isLitter = isFolder
      ? mayHold(key, prefix, false) &&
        !(await sweepFolder(await handle.getDirectoryHandle(name), key, sweep, prefix))
      : SWAP_ENDING.test(name) || (await (await handle.getFileHandle(name)).getFile()).size === 0;
    if (isLitter && sweep(key)) await removeWhenFree(handle, name);
    else left++;
  }
  return left > 0;
}

async function childrenOf(handle: OpfsDirectoryLike): Promise<{ kind: string; name: string }[]> {
  const children: { kind: string; name: string }[] = [];
  for await (const { kind, name } of handle.values()) children.push({ kind, name });
  return children.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function fileOf(root: OpfsDirectoryLike, key: string, create: boolean): Promise<OpfsFileLike> {
  const { folder, last } = await parentOf(root, key, create);
  return folder.getFileHandle(last, { create });
}

async function parentOf(
  root: OpfsDirectoryLike,
  key: string,
  create: boolean,
): Promise<{ folder: OpfsDirectoryLike; last: string }> {
  const parts = key.split("/");
  const last = parts.pop()!;
  let folder = root;
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
  return { folder, last };
}

async function* entriesOf(
  root: OpfsDirectoryLike,
  prefix = "",
  { shallow = false, signal }: ListOptions = {},
): AsyncGenerator<StoreEntry, void, undefined> {
  // Level by level, so that the files at the top come first.
  const folders: { handle: OpfsDirectoryLike; path: string }[] = [{ handle: root, path: "" }];
  for (let next = folders.shift(); next !== undefined; next = folders.shift()) {
    const { handle, path } = next;
    for (const { kind, name } of await childrenOf(handle)) {
      signal?.throwIfAborted();
      const key = path + name;
      if (kind === "directory") {
        if (mayHold(`${key}/`, prefix, shallow))
          folders.push({ handle: await handle.getDirectoryHandle(name), path: `${key}/` });
      } else if (isListed(key, prefix, shallow) && !SWAP_ENDING.test(name)) {
        const file = await handle
          .getFileHandle(name)
          .then((found) => found.getFile())
          .catch(ignoreMissing);
        if (file !== undefined) yield { key, size: file.size, modified: file.lastModified };
      }
    }
  }
}

// Removed by someone else since the folder was listed.
function ignoreMissing(cause: unknown, error = cause): undefined {
  if ((cause as { name?: unknown } | null)?.name !== "NotFoundError") throw error;
}

/** Removes an entry; waits for a page or a worker that had it open and has ended, which a browser notices a moment later. */
async function removeWhenFree(folder: OpfsDirectoryLike, name: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await folder.removeEntry(name);
    } catch (cause) {
      const isHeld = (cause as { name?: unknown } | null)?.name === "NoModificationAllowedError";
      if (!isHeld || tries === MAX_TRIES) throw cause;
      await sleep(BETWEEN_MS, undefined);
    }
  }
}
