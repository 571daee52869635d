/*
 * Kills saving programs 200 times: `npm run test:kill`. The test suite does the same a few times.
 */
import { type Death, killSaves } from "./kill.ts";

const DEATHS: readonly Death[] = [
  { kind: "file", flush: true, kills: 70 },
  { kind: "file", flush: false, kills: 70 },
  { kind: "shards", flush: true, kills: 30 },
  { kind: "shards", flush: false, kills: 30 },
];

let [passed, failed] = [0, 0];

async function run(death: Death): Promise<void> {
  const title = `${death.kind}, ${death.flush ? "flushed" : "not flushed"}`;
  try {
    const { kills, saves, within, litter } = await killSaves(death);
    passed += kills;
    const summary = `${kills} kills, ${within} of them within a save, after ${saves} saves`;
    console.log(`${title}: ${summary}; ${litter} leftovers, cleared`);
  } catch (error) {
    failed++;
    console.error(`${title}: ${error instanceof Error ? error.message : error}`);
  }
}

// Side by side, for most of the time is spent in waiting for programs to start.
await Promise.all(DEATHS.map(run));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
