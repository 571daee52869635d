// Kills programs that save through a manager, and looks at what they leave.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointManager, stepsToKeep } from "../../../src/training/index.node.ts";
import { bundleProgram } from "../../programs.ts";
import { generationOf, SMALL } from "../../reliability/death/generation.ts";
import { type KillTime, runAndKill } from "../../reliability/death/run-and-kill.ts";
import { KEEP, metricsOf, UNSAID } from "./rules.ts";

/** How a program saves until it is killed. */
export interface TrainingDeath {
  readonly form: "file" | "shards";
  /** Whether it saves one step after the other, or replaces one again and again. */
  readonly mode: "steps" | "replace";
  readonly kills: number;
  /** When no program is started any more, on the clock of `performance`. */
  readonly until?: number;
}

/** What became of the steps of killed programs. */
export interface TrainingOutcome {
  readonly kills: number;
  /** How many steps the programs have saved. */
  readonly steps: number;
  /** How many left something to clear. */
  readonly littered: number;
  /** How many died between a step and the removal of what it replaced. */
  readonly unclean: number;
}

const FILE = /^step-\d{8}\.safetensors$/;
const FOLDER = /^step-\d{8}$/;
const INDEX = "model.safetensors.index.json";
const TRAINER = new URL("trainer.ts", import.meta.url);
// Half of the programs die at or soon after their start, the others once they have said that a step is safe.
const TIMES: readonly KillTime[] = [
  { lines: 1, within: 60 },
  { lines: 2, within: 40 },
];

/**
 * Kills a saving program again and again. After each kill, a manager that is opened has to find every step that the
 * rules keep, whole, and nothing else in the folder; throws where it does not.
 */
export async function killTrainings({
  form,
  mode,
  kills,
  until = Infinity,
}: TrainingDeath): Promise<TrainingOutcome> {
  const scratch = await mkdtemp(join(tmpdir(), "pytree2safetensors-training-death-"));
  const folder = join(scratch, "run");
  const program = await bundleProgram(TRAINER, scratch);
  let kept: readonly number[] = [];
  let [last, steps, littered, unclean] = [0, 0, 0, 0];
  try {
    let kill = 0;
    for (; kill < kills && performance.now() < until; kill++) {
      const args = [folder, `${last + 1}`, form, mode];
      const [, ...saved] = await runAndKill(program, args, TIMES[Math.floor(Math.random() * 2)]!);
      const said = saved.length === 0 ? last : Number(saved.at(-1));
      const before = await litterIn(folder, form).catch(() => ["the lock", "a folder without an index"]);
      const manager = await CheckpointManager.open(folder);
      try {
        const found = await lookAt(manager, mode);
        const litter = await litterIn(folder, form);
        if (litter.length > 0) throw new Error(`litter stays: ${litter.join(", ")}`);
        // The lock is there after every kill.
        if (before.length > 1) littered++;
        const allowed = mode === "steps" ? statesAfter(kept, last, said) : replacedStates(last, said);
        const state = allowed.find((one) => isBetween(found, one));
        if (state === undefined)
          throw new Error(
            `found ${found}, allowed ${allowed.map(({ least, most }) => `${[...least]} to ${[...most]}`).join(" or ")}`,
          );
        if (mode === "steps" && found.length > state.least.size) unclean++;
        kept = found;
        const newest = found.at(-1) ?? last;
        steps += newest - last;
        last = newest;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(`kill ${kill}, after ${said} was said to be saved: ${message}`, { cause: error });
      } finally {
        await manager.close();
      }
    }
    return { kills: kill, steps, littered, unclean };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The steps of the folder, or the number that the tree of the one step tells; throws if one is not whole. */
async function lookAt(manager: CheckpointManager, mode: TrainingDeath["mode"]): Promise<number[]> {
  const numbers: number[] = [];
  for (const { step, metrics, error } of await manager.steps()) {
    if (error) throw error;
    const number = generationOf((await manager.restore({ step })).tree, SMALL);
    if (step !== (mode === "replace" ? 1 : number))
      throw new Error(`step ${step} holds the tree of ${number}`);
    if (metrics.loss !== metricsOf(number).loss) throw new Error(`step ${step} has the metrics of another`);
    numbers.push(number);
  }
  return numbers;
}

/** What lies in a folder and is no part of its steps. */
async function litterIn(folder: string, form: TrainingDeath["form"]): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const parts = new Set(names.filter((name) => (form === "file" ? FILE : FOLDER).test(name)));
  for (const step of form === "file" ? [] : [...parts]) {
    const { weight_map } = JSON.parse(await readFile(join(folder, step, INDEX), "utf8"));
    for (const part of [INDEX, ...Object.values<string>(weight_map)]) parts.add(join(step, part));
  }
  return names.filter((name) => !parts.has(name));
}

/** What a folder may hold: all of `least`, nothing beyond `most`. */
interface Allowed {
  readonly least: ReadonlySet<number>;
  readonly most: ReadonlySet<number>;
}

/** What may be there when steps up to `said` are on the disk, and the program was at one of those after it. */
function statesAfter(kept: readonly number[], last: number, said: number): Allowed[] {
  let set: ReadonlySet<number> = new Set(kept);
  const states: Allowed[] = [{ least: set, most: set }];
  for (let step = last + 1; step <= said + UNSAID; step++) {
    const most = new Set([...set, step]);
    const infos = [...most].map((one) => ({ step: one, metrics: metricsOf(one), time: new Date(one) }));
    set = stepsToKeep(infos, KEEP, 0);
    // Once a step is said to be on the disk, so is the removal of what it replaced.
    if (step <= said) states.length = 0;
    states.push({ least: set, most: step === said ? set : most });
  }
  return states;
}

/** What may be there when one step is replaced again and again: the tree that was said, or the one after it. */
function replacedStates(last: number, said: number): Allowed[] {
  const only = (number: number) => new Set(number === 0 ? [] : [number]);
  return [said, said + 1]
    .map((number) => ({ least: only(number), most: only(number) }))
    .concat(
      // A program that died before it said anything.
      said === last ? [{ least: only(last), most: only(last) }] : [],
    );
}

function isBetween(found: readonly number[], { least, most }: Allowed): boolean {
  return [...least].every((step) => found.includes(step)) && found.every((step) => most.has(step));
}
