/** Temporary files beside their targets, and the litter of saves that died. */
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { readdir, stat, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";

// A save that wrote nothing for so long, and whose process is gone, will not come back.
const STALE_MS = 3_600_000;
// File systems end names at 255 bytes; the rest is for what we add.
const MAX_LABEL_BYTES = 180;
// Processes are known by their numbers only on their own host, and folders are shared.
const HOST = digest(hostname()).slice(0, 8);

const MARKED = /^\.(.+)\.p2s-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.tmp$/s;

const living = new Set<string>();

/** A fresh name beside `path` for a file that will replace it: `.model.safetensors.p2s-<host>-<process>-<random>.tmp`. */
export function temporaryPath(path: string): string {
  const name = `.${labelOf(path)}.p2s-${HOST}-${process.pid}-${randomBytes(6).toString("hex")}.tmp`;
  const temporary = join(dirname(path), name);
  living.add(temporary);
  return temporary;
}

/** Says that a temporary file has been renamed or removed. */
export function forgetTemporary(temporary: string): void {
  living.delete(temporary);
}

/** The name of the file that a temporary file is to replace; `undefined` if it isn't one of ours. */
export function targetOf(name: string): string | undefined {
  return MARKED.exec(name)?.[1];
}

/** Removes what saves on this host left in a folder when they died: older than an hour, and no living process's. */
export async function clearLitterIn(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const match = MARKED.exec(name);
    if (match === null || match[2] !== HOST) continue;
    const litter = join(folder, name);
    if (living.has(litter) || isOtherLivingProcess(Number(match[3]))) continue;
    try {
      if (Date.now() - (await stat(litter)).mtimeMs > STALE_MS) await unlink(litter);
    } catch {
      // Another save has cleared it, or we may not: neither is a reason to fail this save.
    }
  }
}

/** Whether a temporary file is of a save that goes on in this process. */
export function isLiving(temporary: string): boolean {
  return living.has(temporary);
}

/** What a temporary file has of the name of its target. */
function labelOf(path: string): string {
  const name = basename(path);
  return Buffer.byteLength(name) > MAX_LABEL_BYTES ? digest(name) : name;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
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
