/** Trying again what failed for a passing reason. */
import { sleep } from "../abort.ts";

const FIRST_DELAY_MS = 100;
// A server that asks for more patience than this is out of order, for a program that waits.
const MAX_DELAY_MS = 60_000;
// As much progress makes a broken connection worth trying anew; less could go on forever, a byte at a time.
const PROGRESS_BYTES = 2 ** 20;

/** A failure that may pass: the error to end with if it doesn't, and how long the server asks to wait. */
export class Transient extends Error {
  readonly error: unknown;
  readonly delay: number | undefined;

  constructor(error: unknown, delay?: number) {
    super("transient");
    this.error = error;
    this.delay = delay;
  }
}

/** Whether a status is that of a busy or failing server, which may answer otherwise later. */
export function mayPass(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

/** How often and how long to try. */
export interface Patience {
  /** 5 by default. */
  readonly retries: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** How many bytes have come so far, where a new attempt goes on from there. */
  readonly progress?: () => number;
}

/** Runs `attempt` until it succeeds, or fails for good, or has failed `retries` times more with too little progress. */
export async function withRetries<T>(
  { retries = 5, signal, progress = () => 0 }: Patience,
  attempt: () => Promise<T>,
): Promise<T> {
  let mark = progress();
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (failure) {
      if (!(failure instanceof Transient)) throw failure;
      if (progress() - mark >= PROGRESS_BYTES) {
        mark = progress();
        failures = 0;
      }
      // Half of it by chance, so that many clients don't come back at once.
      const delay = failure.delay ?? FIRST_DELAY_MS * 2 ** failures * (0.5 + Math.random() / 2);
      if (failures >= retries || delay > MAX_DELAY_MS) throw failure.error;
      await sleep(delay, signal);
    }
  }
}

/** How long a `Retry-After` header asks to wait, in milliseconds. */
export function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
