/** What puts a file, or the names in a folder, on the disk. */
import { open } from "node:fs/promises";

/** Waits until the content of a file is on the disk. */
export async function syncFile(path: string, flags = "r+"): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Waits until the names in a folder are on the disk: a rename or a new folder is only then. Windows and some file
 * systems don't do it for folders.
 */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await syncFile(folder, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EIO") throw error;
  }
}
