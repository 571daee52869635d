import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { readdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";

// A save that wrote nothing for so long, and whose process is gone, will not come back.
const STALE_MS = 3_600_000;
// File systems end names at 255 bytes; the rest is for what we add.
const MAX_LABEL_BYTES = 200;

const living = new Set<string>();

/** A fresh name beside `path` for a file that will replace it: `.model.safetensors.1234-89abcdef0123.tmp`. */
export function temporaryPath(path: string): string {
  const temporary = join(
    dirname(path),
    `.${labelOf(path)}.${process.pid}-${randomBytes(6).toString("hex")}.tmp`,
  );
  living.add(temporary);
  return temporary;
}

/** Says that a temporary file has been renamed or removed. */
export function forgetTemporary(temporary: string): void {
  living.delete(temporary);
}

/** Removes what saves to `path` left behind when they died: older than an hour, and no living process's. */
export function clearLitter(path: string): Promise<void> {
  const label = labelOf(path);
  return clearLitterIn(dirname(path), (found) => found === label);
}

/** The same for all files of a folder whose names are so. */
export async function clearLitterIn(folder: string, isTarget: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    const match = /^\.(.+)\.(\d+)-[0-9a-f]{12}\.tmp$/s.exec(name);
    if (match === null || !isTarget(match[1]!)) continue;
    const litter = join(folder, name);
    if (living.has(litter) || isOtherLivingProcess(Number(match[2]))) continue;
    try {
      if (Date.now() - (await stat(litter)).mtimeMs > STALE_MS) await unlink(litter);
    } catch {
      // Another save has cleared it, or may not: either way not a reason to fail this one.
    }
  }
}

/** What a temporary file has of the name of its target. */
function labelOf(path: string): string {
  const name = basename(path);
  const long = Buffer.byteLength(name) > MAX_LABEL_BYTES;
  return long ? createHash("sha256").update(name).digest("hex") : name;
}

function isOtherLivingProcess(id: number): boolean {
  if (id === process.pid) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
