// The lock of a folder: a file that names the process that holds it. Imported for its effect.
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { isUrl } from "../io/duck-types.ts";
import { explain } from "../io/explain.node.ts";
import { attempt } from "../io/faults.ts";
import type { StoreInput } from "../io/open-store.ts";
import { schemeOf } from "../io/schemes.ts";
import { toPath } from "../io/sources/path.node.ts";
import { locate } from "../io/urls.ts";
import { LOCK_KEY, type LockHolder, type LockPlace, parseHolder } from "./lock.ts";
import { setFolderLocks } from "./locks.ts";

setFolderLocks(folderPlace);

/** The lock of a folder; `undefined` for a place that is none. */
function folderPlace(place: StoreInput): LockPlace | undefined {
  if (typeof place !== "string" && !isUrl(place)) return undefined;
  if (schemeOf(String(place)) !== undefined) return undefined;
  const located = locate(place);
  if (typeof located !== "string" && located.protocol !== "file:") return undefined;
  const name = toPath(located);
  // Resolved once: the program may change its working directory meanwhile.
  const path = resolve(name);
  const file = join(path, LOCK_KEY);
  const fail = explain("WriteError", "write", join(name, LOCK_KEY));
  return {
    name,
    identity: {
      who: `process ${process.pid} on ${hostname()}`,
      pid: process.pid,
      machine: thisMachine(),
      ...startOf(process.pid),
    },
    read: () => attempt(fail, () => readHolder(file)),
    take: (holder, dead) =>
      attempt(fail, async () => {
        await mkdir(path, { recursive: true });
        // Written aside and linked: the lock is there with all that it says, and only for one of many at once.
        const aside = await writeAside(file, holder);
        try {
          return dead === undefined ? await isLinked(aside, file) : await takeOver(file, aside, dead);
        } finally {
          await rm(aside, { force: true });
        }
      }),
    async beat(holder) {
      await rename(await writeAside(file, holder), file);
    },
    remove: () => attempt(fail, () => rm(file, { force: true })),
    isAlive,
  };
}

/** Writes a record under a name of its own beside the lock. */
async function writeAside(file: string, holder: LockHolder): Promise<string> {
  const aside = `${file}.${randomUUID()}`;
  await writeFile(aside, JSON.stringify(holder), { flag: "wx" });
  return aside;
}

/** Whether the process of a holder runs; `undefined` if it can't be told from here. */
async function isAlive({ pid, machine, started }: LockHolder): Promise<boolean | undefined> {
  if (pid === undefined || machine !== thisMachine()) return undefined;
  if (!isRunning(pid)) return false;
  // The number may be another process's by now.
  const now = startOf(pid).started;
  return now === undefined || started === undefined ? undefined : now === started;
}

/** Puts a new record in the place of a dead one; of many that try it at once, one does. */
async function takeOver(file: string, aside: string, dead: LockHolder): Promise<boolean> {
  const claim = `${file}.${dead.id}.claim`;
  if (!(await isLinked(aside, claim))) {
    const claimant = await readHolder(claim);
    if (claimant !== undefined && (await isAlive(claimant)) === false) await rm(claim, { force: true });
    return false;
  }
  try {
    // Somebody may have claimed it, taken it and let go of the claim since it was read.
    if ((await readHolder(file))?.id !== dead.id) return false;
    await rename(aside, file);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

async function readHolder(file: string): Promise<LockHolder | undefined> {
  try {
    const holder = parseHolder(await readFile(file, "utf8"));
    if (holder !== undefined) return holder;
    // What can't be read holds for as long as a holder without signs does.
    const time = (await stat(file)).mtimeMs;
    return { id: "unreadable", purpose: "write", who: `whoever wrote ${file}`, time };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Gives a file a second name; false if that name is taken. */
async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch(async (error: NodeJS.ErrnoException) => {
      if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(error.code ?? "")) throw error;
      // A file system without links: the content comes a moment after the name.
      await writeFile(to, await readFile(from), { flag: "wx" });
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What process numbers count on: the machine since it started, and the namespace of a container. */
function thisMachine(): string {
  const boot = orEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const namespace = orEmpty(() => readlinkSync("/proc/self/ns/pid"));
  return [hostname(), boot, namespace].join(" ");
}

/** When a process started, in ticks since the machine did; Linux alone tells it. */
function startOf(pid: number): { readonly started?: string } {
  // The second field is the program's name in parentheses, with whatever it has in it.
  const stat = orEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  const fields = stat.replace(/^.*\)/s, "").trim().split(" ");
  const started = fields[19];
  return started === undefined ? {} : { started };
}

/** What only some systems tell. */
function orEmpty(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return "";
  }
}
