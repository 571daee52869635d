// Which lock a place has.
import { isOpfsDirectory } from "../io/duck-types.ts";
import type { StoreInput } from "../io/open-store.ts";
import type { Store } from "../io/types.ts";
import { type LockPlace, type LockPurpose, type StoreLock, takeLock } from "./lock.ts";
import { objectPlace } from "./lock-object.ts";
import { webLock } from "./lock-web.ts";

type FolderLocks = (place: StoreInput) => LockPlace | undefined;
let folderLocks: FolderLocks | undefined;

/** Teaches this module the locks of folders; `lock-folder.node.ts` calls it when it is imported. */
export function setFolderLocks(locks: FolderLocks): void {
  folderLocks = locks;
}

/**
 * How the lock of a store is taken; it throws `StoreLocked` if a living writer holds it.
 *
 * @param place What the store was opened from: it tells which kind of lock there is.
 */
export function lockOf(store: Store, place: StoreInput): (purpose: LockPurpose) => Promise<StoreLock> {
  if (isOpfsDirectory(place) && typeof navigator === "object" && navigator.locks !== undefined)
    return () => webLock(place);
  const lockPlace = folderLocks?.(place) ?? objectPlace(store);
  return (purpose) => takeLock(lockPlace, purpose);
}
