// Kills programs that save through a manager, and looks at what they leave.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointManager, stepsToKeep } from "../../../src/training/index.node.ts";
import { bundleProgram } from "../../programs.ts";
import { generationOf, SMALL } from "../../reliability/death/generation.ts";
import { type KillTime, runAndKill } from "../../reliability/death/run-and-kill.ts";
import { folderOf, KEEP, metricsOf, UNSAID } from "./rules.ts";

/** How a program saves until it is killed. */
export interface TrainingDeath {
  readonly form: "file" | "shards";
  /** Whether it saves one step after the other, or replaces one again and again. */
  readonly mode: "steps" | "replace";
  readonly kills: number;
  /** In how many folders each program saves at once; by default one. A start costs more than the saves of many. */
  readonly folders?: number;
  /** When no program is started any more, on the clock of `performance`. */
  readonly until?: number;
}

/** What became of the steps of killed programs. */
export interface TrainingOutcome {
  /** How many programs were killed, each in the middle of all its folders. */
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
// Programs die at or soon after their start, or once they have said of some steps that they are safe.
const dying = (folders: number): KillTime => {
  return { lines: 1 + Math.floor(Math.random() * 2 * folders), within: 50 };
};

/** What a folder held when it was last looked at. */
interface Run {
  readonly folder: string;
  kept: readonly number[];
  last: number;
}

/**
 * Kills a saving program again and again. After each kill, a manager that is opened has to find every step that the
 * rules keep, whole, and nothing else in the folder; throws where it does not.
 */
export async function killTrainings(death: TrainingDeath): Promise<TrainingOutcome> {
  const { form, mode, kills, folders = 1, until = Infinity } = death;
  const scratch = await mkdtemp(join(tmpdir(), "pytree2safetensors-training-death-"));
  const program = await bundleProgram(TRAINER, scratch);
  const runs = Array.from({ length: folders }, (_, i): Run => {
    return { folder: folderOf(scratch, i), kept: [], last: 0 };
  });
  const outcome = { kills: 0, steps: 0, littered: 0, unclean: 0 };
  try {
    for (; outcome.kills < kills && performance.now() < until; outcome.kills++) {
      const args = [scratch, runs.map(({ last }) => last + 1).join(","), form, mode];
      const [, ...lines] = await runAndKill(program, args, dying(folders));
      const said = new Map(lines.map((line) => line.split(" ").map(Number) as [number, number]));
      for (const [i, run] of runs.entries()) {
        const { steps, littered, unclean } = await lookAfter(run, said.get(i) ?? run.last, form, mode);
        outcome.steps += steps;
        outcome.littered += Number(littered);
        outcome.unclean += Number(unclean);
      }
    }
    return outcome;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Opens the folder of a killed program: throws unless every step that the rules keep is there, whole, and no litter. */
async function lookAfter(
  run: Run,
  said: number,
  form: TrainingDeath["form"],
  mode: TrainingDeath["mode"],
): Promise<{ steps: number; littered: boolean; unclean: boolean }> {
  const { folder, kept, last } = run;
  const before = await litterIn(folder, form).catch(() => ["the lock", "a folder without an index"]);
  const manager = await CheckpointManager.open(folder);
  try {
    const found = await lookAt(manager, mode);
    const litter = await litterIn(folder, form);
    if (litter.length > 0) throw new Error(`litter stays: ${litter.join(", ")}`);
    const allowed = mode === "steps" ? statesAfter(kept, last, said) : replacedStates(last, said);
    const state = allowed.find((one) => isBetween(found, one));
    if (state === undefined) {
      const sets = allowed.map(({ least, most }) => `${[...least]} to ${[...most]}`);
      throw new Error(`found ${found}, allowed ${sets.join(" or ")}`);
    }
    run.kept = found;
    run.last = found.at(-1) ?? last;
    return {
      steps: run.last - last,
      // The lock is there after every kill.
      littered: before.length > 1,
      unclean: mode === "steps" && found.length > state.least.size,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${folder}, after ${said} was said to be saved: ${message}`, { cause: error });
  } finally {
    await manager.close();
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
