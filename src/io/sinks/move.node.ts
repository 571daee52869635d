/** Gives a temporary file its name, on file systems that can't rename too. */
import { constants } from "node:fs";
import { copyFile, lstat, rename, unlink } from "node:fs/promises";
import { ifThere } from "../explain.node.ts";
import { cannot } from "../faults.ts";
import { syncFile } from "./sync.node.ts";

// What systems say of a rename that they don't have: mounts of object stores, some network disks, and files that are
// mounted themselves.
const UNSUPPORTED = new Set(["ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EXDEV", "EINVAL", "EBUSY"]);

/**
 * Renames a finished temporary file to its target, which it replaces at once. If the file system can't rename, it is
 * copied to a target that isn't there yet; an old file is never put at stake.
 *
 * @param name What messages call the target.
 */
export async function moveInto(temporary: string, path: string, name: string, flush: boolean): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (!UNSUPPORTED.has(code)) throw cause;
    if (await ifThere(lstat(path))) {
      const problem = `this file system can't replace a file at once (rename: ${code}); remove the old file first, save under another name, or save elsewhere and copy`;
      throw cannot("WriteError", "write", name, problem, { cause });
    }
    await copyWhole(temporary, path, flush);
    await unlink(temporary);
  }
}

async function copyWhole(from: string, to: string, flush: boolean): Promise<void> {
  // Never over a file that came meanwhile.
  await copyFile(from, to, constants.COPYFILE_EXCL).catch(async (error) => {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") await unlink(to).catch(() => {});
    throw error;
  });
  if (flush) await syncFile(to);
}
