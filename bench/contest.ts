import { performance } from "node:perf_hooks";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import type { Timing } from "./report-types.ts";
import { CostWatch, type Sample } from "./shares.ts";
import { type Spread, spread } from "./statistics.ts";

/** One way of doing a job. */
export interface Contestant {
  readonly name: string;
  /** Does the job; what it gives is dropped. */
  run(): unknown;
  /** The seconds that the job took, for what is timed where it runs, as in another process. */
  readonly seconds?: () => Promise<number>;
  /** Called after each run, outside the time, with what it gave. */
  after?(result: unknown): unknown;
}

/** What a contest measured: for each contestant the seconds of each round, and where they went. */
export class Results {
  readonly seconds: ReadonlyMap<string, readonly number[]>;
  readonly #shares: ReadonlyMap<string, Pick<Timing, "collecting" | "faulting">>;

  constructor(
    seconds: ReadonlyMap<string, readonly number[]>,
    shares: ReadonlyMap<string, Pick<Timing, "collecting" | "faulting">>,
  ) {
    this.seconds = seconds;
    this.#shares = shares;
  }

  /** The seconds that a contestant took. */
  time(name: string): Timing {
    return { ...spread(this.#of(name)), ...this.#shares.get(name) };
  }

  /**
   * How many times as fast `name` is as `other`. Each round is compared within itself, so that a machine that was
   * busy for a while was busy for both.
   */
  speed(name: string, other: string): Spread {
    const own = this.#of(name);
    return spread(this.#of(other).map((seconds, round) => seconds / own[round]!));
  }

  #of(name: string): readonly number[] {
    const seconds = this.seconds.get(name);
    if (seconds === undefined) throw new Error(`no contestant is called ${name}`);
    return seconds;
  }
}

// A sample lasts at least so long: the job is repeated where it is shorter.
const MIN_SECONDS = 0.02;
// Before the first round each runs for so long, so that what is short has been compiled: V8 compiles once more what has
// run a few times.
const WARM_SECONDS = 0.2;
const WARM_RUNS = 8;
// What takes long shows that by itself.
const MAX_WARM_SECONDS = 2;

/**
 * Lets contestants run in turn, forwards in one round and backwards in the next, each for a while to warm up and then
 * once a round.
 */
export async function contest(contestants: readonly Contestant[], rounds: number): Promise<Results> {
  const seconds = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  const repeats = new Map<string, number>();
  for (const contestant of contestants) {
    const start = performance.now();
    let last = 0;
    let warm = 0;
    for (let runs = 0; warm < WARM_SECONDS || (runs < WARM_RUNS && warm < MAX_WARM_SECONDS); runs++) {
      last = await run(contestant, 1, []);
      // What is timed where it runs may say what one of many steps took.
      warm = contestant.seconds ? (performance.now() - start) / 1000 : warm + last;
    }
    repeats.set(contestant.name, Math.max(1, Math.ceil(MIN_SECONDS / last)));
  }
  const watch = new CostWatch();
  for (let round = 0; round < rounds; round++) {
    for (const contestant of round % 2 === 0 ? contestants : [...contestants].reverse()) {
      const { name } = contestant;
      // What takes long leaves much behind.
      if (repeats.get(name) === 1) await clearAway();
      seconds.get(name)!.push(await run(contestant, repeats.get(name)!, samples.get(name)!));
    }
  }
  return new Results(seconds, await watch.shares(samples));
}

/** The seconds of one run, measured over `repeats` of them. */
async function run(contestant: Contestant, repeats: number, samples: Sample[]): Promise<number> {
  if (contestant.seconds) return contestant.seconds();
  let total = 0;
  for (let i = 0; i < repeats; i++) {
    const before = process.resourceUsage();
    const start = performance.now();
    const running = contestant.run();
    const result = running instanceof Promise ? await running : running;
    const end = performance.now();
    total += end - start;
    samples.push({ start, end, before, after: process.resourceUsage() });
    await contestant.after?.(result);
  }
  return total / 1000 / repeats;
}

/**
 * Frees what earlier samples left. A collection hands memory to a thread that gives it back to the system in its own
 * time, during which page faults of other threads wait; the next collection waits for that thread.
 */
async function clearAway(): Promise<void> {
  if (globalThis.gc === undefined) return;
  for (let i = 0; i < 2; i++) {
    await setTimeout(10);
    globalThis.gc();
  }
}
