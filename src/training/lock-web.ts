// The lock of a browser's folder: the browser's own, which ends with the page or the worker that holds it.
import { sleep } from "../io/abort.ts";
import type { OpfsDirectoryLike } from "../io/duck-types.ts";
import { locked, type StoreLock } from "./lock.ts";

// A page that clears what dead saves left has the lock for a moment.
const TRIES = 20;
const BETWEEN_MS = 50;

/** Takes the lock of a browser's folder. */
export async function webLock(directory: OpfsDirectoryLike): Promise<StoreLock> {
  const path = await pathOf(directory);
  const name = `pytree2safetensors ${path}`;
  for (let tries = 0; tries < TRIES; tries++) {
    const release = await request(name);
    if (release) return { verify: async () => {}, release };
    await sleep(BETWEEN_MS, undefined);
  }
  const { held = [] } = await navigator.locks.query();
  const holder = held.find((lock) => lock.name === name);
  throw locked(path, `another page or worker of this site (client ${holder?.clientId ?? "unknown"})`);
}

/** How to let go of the lock, or `undefined` if another client has it. */
function request(name: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      return new Promise<void>((letGo) => {
        resolve(async () => {
          letGo();
          await held;
        });
      });
    });
    held.catch(reject);
  });
}

/** What tells a folder from others of the same name: its path from the root of the private file system. */
async function pathOf(directory: OpfsDirectoryLike): Promise<string> {
  const root = await navigator.storage.getDirectory();
  const path = await root.resolve(directory as FileSystemDirectoryHandle);
  return path === null ? directory.name : `/${path.join("/")}`;
}
