declare global {
  /** Made before the library is loaded; `instrument` has the library count in it. */
  var __counters: Uint32Array;
}

/** What inputs have run through. */
export interface Taken {
  /** The branches that ran, each with how often: once, a few times, often. */
  readonly branches: readonly string[];
  /** How often all branches ran together: a measure of time that is the same on every machine. */
  readonly work: number;
}

const OFTEN = ["", "+", "++"] as const;

/** Reads the counters that `instrument` has put into the library, and sets them to zero. */
export function takeCoverage(): Taken {
  const counters = globalThis.__counters;
  const branches: string[] = [];
  let work = 0;
  for (let i = 0; i < counters.length; i++) {
    const count = counters[i]!;
    if (count === 0) continue;
    work += count;
    branches.push(`${i}${OFTEN[count === 1 ? 0 : count < 16 ? 1 : 2]}`);
  }
  counters.fill(0);
  return { branches, work };
}
