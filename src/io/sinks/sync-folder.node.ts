/** What puts the names in a folder on the disk. */
import { open } from "node:fs/promises";

/**
 * Waits until the names in a folder are on the disk: a rename or a new folder is only then. Windows and some file
 * systems don't do it for folders.
 */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EIO") throw error;
  }
}
