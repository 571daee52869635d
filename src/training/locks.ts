// Which lock a place has.
import type { OpfsDirectoryLike } from "../io/duck-types.ts";
import { type LockPlace, type LockPurpose, type StoreLock, takeLock } from "./lock.ts";
import { objectPlace } from "./lock-object.ts";
import { webLock } from "./lock-web.ts";
import type { Store } from "./standin/store.ts";

type FolderLocks = (path: string) => LockPlace;
let folderLocks: FolderLocks | undefined;

/** Teaches this module the locks of folders; `lock-folder.node.ts` calls it when it is imported. */
export function setFolderLocks(locks: FolderLocks): void {
  folderLocks = locks;
}

/**
 * Takes the lock of a store.
 *
 * @param directory The folder of a browser that the store writes into, if it does.
 * @throws `StoreLocked` if a living writer holds it.
 */
export async function lockStore(
  store: Store,
  directory: OpfsDirectoryLike | undefined,
  purpose: LockPurpose,
): Promise<StoreLock> {
  if (directory !== undefined && typeof navigator === "object" && navigator.locks !== undefined)
    return webLock(directory);
  const path = folderLocks && store.path;
  return takeLock(path === undefined ? objectPlace(store) : folderLocks!(path), purpose);
}
