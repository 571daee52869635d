/*
 * Kills saving programs 200 times: `npm run test:kill`. The test suite does the same a few times.
 *
 *     npm run test:kill -- [--count N]
 *
 * --count is how many programs are killed that save through a CheckpointManager, 200 by default.
 */
import { parseArgs } from "node:util";
import { killTrainings, type TrainingDeath } from "../../training/death/kill-training.ts";
import { type Death, killSaves } from "./kill.ts";

const DEATHS: readonly Death[] = [
  { kind: "file", flush: true, kills: 70 },
  { kind: "file", flush: false, kills: 70 },
  { kind: "shards", flush: true, kills: 30 },
  { kind: "shards", flush: false, kills: 30 },
];

const { values } = parseArgs({ options: { count: { type: "string", default: "200" } } });
const share = (part: number) => Math.round(Number(values.count) * part);

const TRAININGS: readonly TrainingDeath[] = [
  { form: "file", mode: "steps", kills: share(0.35) },
  { form: "shards", mode: "steps", kills: share(0.35) },
  { form: "file", mode: "replace", kills: share(0.1) },
  { form: "shards", mode: "replace", kills: share(0.2) },
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

async function runTraining(death: TrainingDeath): Promise<void> {
  const title = `a manager, ${death.form === "file" ? "single files" : "shards"}, ${death.mode === "steps" ? "one step after the other" : "one step replaced"}`;
  try {
    const { kills, steps, littered, unclean } = await killTrainings(death);
    passed += kills;
    const ends = `${littered} left litter, cleared; ${unclean} died before what was replaced was removed`;
    console.log(`${title}: ${kills} kills after ${steps} steps; ${ends}`);
  } catch (error) {
    failed++;
    console.error(`${title}: ${error instanceof Error ? error.message : error}`);
  }
}

// Side by side, for most of the time is spent in waiting for programs to start.
await Promise.all([...DEATHS.map(run), ...TRAININGS.map(runTraining)]);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
