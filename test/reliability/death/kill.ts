import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { loadPytree, savePytree } from "../../../src/index.node.ts";
import { generationOf, SHARD_BYTES, treeOf } from "./generation.ts";

/** How a program saves until it is killed. */
export interface Death {
  readonly kind: "file" | "shards";
  readonly flush: boolean;
  readonly kills: number;
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

// How long a program lives after its first save: some ten saves.
const LIFE_MS = 60;
const FILE = "state.safetensors";
const INDEX = "model.safetensors.index.json";

/**
 * Kills a saving program again and again. After each kill the path has to hold one whole generation, the last one
 * that the program said to have saved or the one after it; throws where it does not.
 */
export async function killSaves({ kind, flush, kills }: Death): Promise<Outcome> {
  const scratch = await mkdtemp(join(tmpdir(), "pytree2safetensors-death-"));
  const folder = join(scratch, "checkpoints");
  const program = await bundleSaver(scratch);
  const target = kind === "file" ? join(folder, FILE) : folder;
  const readable = join(folder, kind === "file" ? FILE : INDEX);
  const options = kind === "shards" ? { maxShardSize: SHARD_BYTES } : {};
  try {
    await mkdir(folder);
    await savePytree(treeOf(0), target, options);
    let generation = 0;
    let [saves, within] = [0, 0];
    for (let kill = 0; kill < kills; kill++) {
      const littered = (await leftovers(folder, readable)).length;
      const said = await runAndKill(program, [target, `${generation + 1}`, kind, flush ? "flush" : "quick"]);
      const found = generationOf(await loadPytree(readable));
      if (found !== said && found !== said + 1)
        throw new Error(`kill ${kill}: the program had saved generation ${said}, the path holds ${found}`);
      saves += said - generation;
      if (found !== said || (await leftovers(folder, readable)).length > littered) within++;
      generation = found;
    }
    const litter = await leftovers(folder, readable);
    await expectCleared({ folder, target, readable, options, generation, litter });
    return { kills, saves, within, litter: litter.length };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The saving program as one file of plain JavaScript in a folder: that starts in a tenth of the time. */
export async function bundleSaver(folder: string): Promise<string> {
  const outfile = join(folder, "saver.mjs");
  const entry = fileURLToPath(new URL("saver.ts", import.meta.url));
  // The package's list of side effects is about `dist`.
  const options = { bundle: true, platform: "node", format: "esm", ignoreAnnotations: true } as const;
  await build({ entryPoints: [entry], outfile, ...options });
  return outfile;
}

/** The last generation that the program says to have saved before it is killed, at a random moment. */
function runAndKill(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (said === "") setTimeout(() => child.kill("SIGKILL"), Math.random() * LIFE_MS);
      said += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve(Number(said.trim().split("\n").at(-1)));
      else reject(new Error(`the saving program ended by itself: ${code ?? signal}`));
    });
  });
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
  await savePytree(treeOf(generation + 1), target, options);
  const fresh = await leftovers(folder, readable);
  if (litter.some((path) => !fresh.includes(path)))
    throw new Error("a save has cleared what may be another's");
  const old = new Date(Date.now() - 2 * 3_600_000);
  await Promise.all(fresh.map((path) => utimes(path, old, old)));
  await savePytree(treeOf(generation + 2), target, options);
  const left = await leftovers(folder, readable);
  if (left.length > 0) throw new Error(`stale litter stays: ${left.join(", ")}`);
  if (generationOf(await loadPytree(readable)) !== generation + 2)
    throw new Error("the last save is not there");
}
