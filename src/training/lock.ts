// One writer a store: a lock that a dead writer does not keep.
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { printable } from "../base/quote.ts";
import { sleep } from "../io/abort.ts";

/** The key of the lock in a store. */
export const LOCK_KEY = "manager.lock";
// A living holder gives a sign so often; the lock of one that gave none for so long is watched, and then taken.
const BEAT_MS = 10_000;
const STALE_MS = 60_000;
// Longer than clearing takes; a writer that comes meanwhile waits.
const PATIENCE_MS = 30_000;

/** A lock that is held. */
export interface StoreLock {
  /** Throws `StoreLocked` if another writer has taken the lock, as it may when this one was asleep for a minute. */
  verify(): Promise<void>;
  /** Lets go of it. */
  release(): Promise<void>;
}

/** What a lock is taken for: to write for as long as the manager is open, or to clear what dead saves left. */
export type LockPurpose = "write" | "clear";

/** Who holds a lock, as the lock itself says it. */
export interface LockHolder {
  readonly id: string;
  readonly purpose: LockPurpose;
  /** For people: `process 4711 on host`. */
  readonly who: string;
  /** The holder's last sign, in milliseconds since 1970. */
  readonly time: number;
  readonly pid?: number;
  /** What the process number counts on: the machine since it started, and its namespace. */
  readonly machine?: string;
  /** When the process started, as the system tells it. */
  readonly started?: string;
}

/** How a kind of place reads and takes its lock. */
export interface LockPlace {
  readonly name: string;
  /** What a holder in this process says of itself. */
  readonly identity?: Partial<LockHolder>;
  read(): Promise<LockHolder | undefined>;
  /** Takes the lock if it is free or if `dead` still holds it; tells whether it did. */
  take(holder: LockHolder, dead: LockHolder | undefined): Promise<boolean>;
  /** Gives a sign of life. */
  beat(holder: LockHolder): Promise<void>;
  remove(): Promise<void>;
  /** Whether a holder lives, if the place can tell without waiting for signs. */
  isAlive?(holder: LockHolder): Promise<boolean | undefined>;
}

/** The error of a second writer. */
export function locked(place: string, who: string): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(
    "StoreLocked",
    `${place} is being written by ${who}; close that manager, or use another folder`,
    { source: place, found: who },
  );
}

/** Takes a lock that a record in the place stands for. */
export async function takeLock(place: LockPlace, purpose: LockPurpose): Promise<StoreLock> {
  const id = crypto.randomUUID();
  const who = `manager ${id.slice(0, 8)}`;
  const sign = (): LockHolder => ({ who, ...place.identity, id, purpose, time: Date.now() });
  const waitUntil = Date.now() + PATIENCE_MS;
  for (;;) {
    const holder = await place.read();
    if (holder !== undefined && (await isAlive(place, holder, purpose))) {
      const isMomentary = holder.purpose === "clear" && purpose === "write";
      if (!isMomentary || Date.now() > waitUntil) throw locked(place.name, printable(holder.who, 200));
    } else if (await place.take(sign(), holder)) break;
    await sleep(20, undefined);
  }
  let lost: LockHolder | undefined;
  const verify = async () => {
    const holder = await place.read();
    // Gone with the folder, which the next write makes anew.
    if (holder === undefined && lost === undefined) await place.take(sign(), undefined);
    const now = holder ?? (await place.read());
    if (now !== undefined && now.id !== id) lost = now;
    if (lost !== undefined) throw locked(place.name, printable(lost.who, 200));
  };
  const timer = setInterval(() => {
    verify()
      .then(() => place.beat(sign()))
      .catch(() => {}); // a sign that fails is made up for by the next; who lost the lock is told when it writes
  }, BEAT_MS);
  // A forgotten manager does not keep a program from ending.
  (timer as { unref?(): void }).unref?.();
  return {
    verify,
    async release() {
      clearInterval(timer);
      if ((await place.read())?.id === id) await place.remove();
    },
  };
}

async function isAlive(place: LockPlace, holder: LockHolder, purpose: LockPurpose): Promise<boolean> {
  const known = await place.isAlive?.(holder);
  if (known !== undefined) return known;
  // Whoever only clears has no reason to wait: the next one that writes does it.
  if (Date.now() - holder.time < STALE_MS || purpose === "clear") return true;
  // Clocks differ: a holder whose sign is old by ours may live, and then it gives another one.
  await sleep(BEAT_MS * 1.2, undefined);
  const again = await place.read();
  return again !== undefined && (again.id !== holder.id || again.time !== holder.time);
}

/** Reads a lock's record; one that nobody can read is nobody's. */
export function parseHolder(text: string): LockHolder | undefined {
  try {
    const { id, purpose, who, time, pid, machine, started } = JSON.parse(text) as Record<string, unknown>;
    // The id is part of a file's name.
    if (typeof id !== "string" || !/^[0-9a-f-]{36}$/.test(id)) return undefined;
    if (typeof who !== "string" || typeof time !== "number") return undefined;
    return {
      id,
      who,
      time,
      purpose: purpose === "clear" ? "clear" : "write",
      ...(typeof pid === "number" && { pid }),
      ...(typeof machine === "string" && { machine }),
      ...(typeof started === "string" && { started }),
    };
  } catch {
    return undefined;
  }
}
