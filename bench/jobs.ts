import { readFile, unlink } from "node:fs/promises";
import {
  dict2pytree,
  loadFile,
  loadPytree,
  openSafetensors,
  pytree2dict,
  saveFile,
  savePytree,
  setWeights,
  Tensor,
} from "pytree2safetensors";
import { parseHeader } from "../src/format/header/header.ts";
import { jaxJsLoad, safetensorsLoad } from "./contestants/loaders.ts";
import { bareRead } from "./contestants/raw.ts";
import { COPY_JOBS } from "./copy-jobs.ts";
import { uniformFile } from "./files.ts";
import { type JobCost, measured } from "./memory.ts";
import { filledMemory, leavesIn, transformer, treeOf, widthFor } from "./models.ts";
import { spread } from "./statistics.ts";

/** A job that runs alone in a process, so that its memory can be told from that of others. */
type Job = (...args: never[]) => Promise<JobCost>;

/** Two small tensors for each two leaves, as their own pieces of memory. */
function smallTensors(count: number): Record<string, Tensor> {
  const memory = filledMemory(count * 32);
  const dict: Record<string, Tensor> = {};
  for (let i = 0; i < count; i++) dict[`t${i}`] = Tensor.fromBuffer("F32", [8], memory, i * 32, 32);
  return dict;
}

/** What can be asked for by name. */
export const JOBS = {
  ...COPY_JOBS,
  touch: (bytes: number) =>
    measured(async () => {
      // In pieces that the process gives back when it ends.
      const pieces = Array.from({ length: Math.ceil(bytes / 2 ** 28) }, () => new Uint8Array(2 ** 28));
      for (const piece of pieces) for (let at = 0; at < piece.length; at += 4096) piece[at] = 1;
      return pieces;
    }),
  load: (path: string) => measured(() => loadFile(path)),
  loadAgain: async (path: string) => {
    const costs: JobCost[] = [];
    for (let i = 0; i < 6; i++) costs.push(await measured(() => loadFile(path)));
    return { ...costs[0]!, seconds: spread(costs.slice(1).map(({ seconds }) => seconds)).median };
  },
  loadTree: (path: string) => measured(() => loadPytree(path)),
  loadJaxJs: (path: string) => measured(() => jaxJsLoad(path)),
  loadSafetensors: (path: string) => measured(() => safetensorsLoad(path)),
  bareRead: (path: string) => measured(() => bareRead(path, 4)),
  open: (path: string) => measured(() => openSafetensors(path)),
  openOne: (path: string, name: string) =>
    measured(async () => {
      const file = await openSafetensors(path);
      return [file, await file.tensor(name)];
    }),
  jsonParse: async (path: string) =>
    measured(async () => JSON.parse(new TextDecoder().decode(await readFile(path)))),
  parseHeader: async (path: string, size: number) =>
    measured(async () => parseHeader(new Uint8Array(await readFile(path)), size, undefined)),
  save: async (path: string, bytes: number) => {
    const memory = filledMemory(Math.ceil(bytes * 1.1));
    const dict = pytree2dict(transformer(300, widthFor(bytes, 4), leavesIn(memory, "F32"))) as Record<
      string,
      Tensor
    >;
    const cost = await measured(() => saveFile(dict, path, { flush: false }));
    await unlink(path);
    return cost;
  },
  saveLazily: (from: string, to: string) =>
    measured(async () => {
      await savePytree(await loadPytree(from, { lazy: true }), to, { flush: false });
      await unlink(to);
    }),
  saveSmall: async (path: string, count: number) => {
    const dict = smallTensors(count);
    const cost = await measured(() => saveFile(dict, path, { flush: false }));
    await unlink(path);
    return cost;
  },
  loadSmall: async (path: string, count: number) => {
    await uniformFile(path, count, [8]);
    await readFile(path);
    const cost = await measured(() => loadFile(path));
    await unlink(path);
    return cost;
  },
  pytree2dict: async (leaves: number) => {
    const tree = treeOf(leaves);
    return measured(() => pytree2dict(tree));
  },
  dict2pytree: async (leaves: number) => {
    const dict = pytree2dict(treeOf(leaves));
    return measured(() => dict2pytree(dict));
  },
  setWeights: async (leaves: number) => {
    const tree = treeOf(leaves);
    const dict = pytree2dict(tree) as Record<string, Tensor>;
    return measured(() => setWeights(tree, dict));
  },
} satisfies Record<string, Job>;

/** The name of a job. */
export type JobName = keyof typeof JOBS;
