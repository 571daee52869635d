/*
 * Kills programs that save, and as many that save through a CheckpointManager: `npm run test:kill`. The test suite does
 * the same a few times.
 *
 *     npm run test:kill -- [--count N] [--folders N] [--seconds N]
 *
 * --count is how many programs of each sort are killed, by default 200. --folders is in how many folders a program with
 * managers saves at once, by default 1. With --seconds, none is started after so many.
 */
import { parseArgs } from "node:util";
import { killTrainings, type TrainingDeath } from "../../training/death/kill-training.ts";
import { type Death, killSaves } from "./kill.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "200" },
    folders: { type: "string", default: "1" },
    seconds: { type: "string", default: "Infinity" },
  },
});
const until = performance.now() + Number(values.seconds) * 1000;
const folders = Number(values.folders);
const share = (part: number) => Math.round(Number(values.count) * part);

const DEATHS: readonly Death[] = [
  { kind: "file", flush: true, until, kills: share(0.35) },
  { kind: "file", flush: false, until, kills: share(0.35) },
  { kind: "shards", flush: true, until, kills: share(0.15) },
  { kind: "shards", flush: false, until, kills: share(0.15) },
];

const TRAININGS: readonly TrainingDeath[] = [
  { form: "file", mode: "steps", folders, until, kills: share(0.35) },
  { form: "shards", mode: "steps", folders, until, kills: share(0.35) },
  { form: "file", mode: "replace", folders, until, kills: share(0.1) },
  { form: "shards", mode: "replace", folders, until, kills: share(0.2) },
];

let [passed, failed, cut] = [0, 0, 0];

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
    cut += kills * folders;
    const ends = `${littered} left litter, cleared; ${unclean} died before what was replaced was removed`;
    console.log(`${title}: ${kills} kills after ${steps} steps; ${ends}`);
  } catch (error) {
    failed++;
    console.error(`${title}: ${error instanceof Error ? error.message : error}`);
  }
}

// Side by side, for most of the time is spent in waiting for programs to start.
await Promise.all([...DEATHS.map(run), ...TRAININGS.map(runTraining)]);
if (folders > 1) console.log(`${cut} runs of managers cut short`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
