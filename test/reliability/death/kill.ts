// Kills programs that save one file or a folder of shards, and looks at what they leave.
import { mkdir, mkdtemp, readdir, readFile, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPytree, savePytree } from "../../../src/index.node.ts";
import { bundleProgram } from "../../programs.ts";
import { generationOf, SHARD_BYTES, SMALL, treeOf } from "./generation.ts";
import { runAndKill } from "./run-and-kill.ts";

/** How a program saves until it is killed. */
export interface Death {
  readonly kind: "file" | "shards";
  readonly flush: boolean;
  readonly kills: number;
  /** When no program is started any more, on the clock of `performance`. */
  readonly until?: number;
}

/** What became of the saves of killed programs. */
export interface Outcome {
  readonly kills: number;
  /** How many saves the programs have finished. */
  readonly saves: number;
  /** How many died within a save: they left litter, or had replaced the file and not said so yet. */
  readonly within: number;
  /** How many files they left, all cleared by a later save once they were old. */
  readonly litter: number;
}

/** The program that they kill. */
export const SAVER = new URL("saver.ts", import.meta.url);

// A program dies within this time after its first save: that is some ten saves.
const LIFE_MS = 30;
const FILE = "state.safetensors";
const INDEX = "model.safetensors.index.json";

/**
 * Kills a saving program again and again. After each kill the path has to hold one whole generation, the last one
 * that the program said to have saved or the one after it; throws where it does not.
 */
export async function killSaves({ kind, flush, kills, until = Infinity }: Death): Promise<Outcome> {
  const scratch = await mkdtemp(join(tmpdir(), "pytree2safetensors-death-"));
  const folder = join(scratch, "checkpoints");
  const program = await bundleProgram(SAVER, scratch);
  const target = kind === "file" ? join(folder, FILE) : folder;
  const readable = join(folder, kind === "file" ? FILE : INDEX);
  const options = kind === "shards" ? { maxShardSize: SHARD_BYTES / SMALL } : {};
  try {
    await mkdir(folder);
    await savePytree(treeOf(0, SMALL), target, options);
    let generation = 0;
    let [saves, within] = [0, 0];
    let kill = 0;
    for (; kill < kills && performance.now() < until; kill++) {
      const littered = (await leftovers(folder, readable)).length;
      const args = [target, `${generation + 1}`, kind, flush ? "flush" : "quick", `${SMALL}`];
      const said = Number((await runAndKill(program, args, { lines: 1, within: LIFE_MS })).at(-1));
      const found = generationOf(await loadPytree(readable), SMALL);
      if (found !== said && found !== said + 1)
        throw new Error(`kill ${kill}: the program had saved generation ${said}, the path holds ${found}`);
      saves += said - generation;
      if (found !== said || (await leftovers(folder, readable)).length > littered) within++;
      generation = found;
    }
    const litter = await leftovers(folder, readable);
    await expectCleared({ folder, target, readable, options, generation, litter });
    return { kills: kill, saves, within, litter: litter.length };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The files of a folder that are no part of its checkpoint. */
async function leftovers(folder: string, readable: string): Promise<string[]> {
  const part = new Set([readable, ...(readable.endsWith(INDEX) ? await indexed(readable) : [])]);
  return (await readdir(folder)).map((name) => join(folder, name)).filter((path) => !part.has(path));
}

async function indexed(index: string): Promise<string[]> {
  const { weight_map } = JSON.parse(await readFile(index, "utf8")) as { weight_map: Record<string, string> };
  return Object.values(weight_map).map((name) => join(index, "..", name));
}

/** Fresh leftovers may be another save's and stay; old ones go with the next save. */
async function expectCleared({
  folder,
  target,
  readable,
  options,
  generation,
  litter,
}: {
  readonly folder: string;
  readonly target: string;
  readonly readable: string;
  readonly options: object;
  readonly generation: number;
  readonly litter: readonly string[];
}): Promise<void> {
  await savePytree(treeOf(generation + 1, SMALL), target, options);
  const fresh = await leftovers(folder, readable);
  if (litter.some((path) => !fresh.includes(path)))
    throw new Error("a save has cleared what may be another's");
  const old = new Date(Date.now() - 2 * 3_600_000);
  await Promise.all(fresh.map((path) => utimes(path, old, old)));
  await savePytree(treeOf(generation + 2, SMALL), target, options);
  const left = await leftovers(folder, readable);
  if (left.length > 0) throw new Error(`stale litter stays: ${left.join(", ")}`);
  if (generationOf(await loadPytree(readable), SMALL) !== generation + 2)
    throw new Error("the last save is not there");
}
