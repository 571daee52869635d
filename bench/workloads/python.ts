import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { loadIntoPytree, loadPytree, savePytree, type Tensor, treeLeaves } from "pytree2safetensors";
import { touchMemory } from "../child.ts";
import { type Contestant, contest } from "../contest.ts";
import { bareSave } from "../contestants/bare-many.ts";
import { bareWritev } from "../contestants/raw.ts";
import { warm } from "../files.ts";
import { filledMemory, leavesIn, transformer, widthFor } from "../models.ts";
import type { Comparison } from "../report-types.ts";
import { count } from "../units.ts";
import type { Workload } from "../workload.ts";

const WHY =
  "Python: NumPy asks the kernel for huge pages (`madvise`) and safetensors maps files into memory, so that fresh memory costs them few page faults; V8 does neither.";

const WHY_SAVE =
  "The kernel's copy into the page cache is the most of it, as the bare `writev` shows, and Python's writers come as near to it.";
const WHY_SMALL =
  "V8's own `JSON.stringify`, a dict of names and copies into one block are most of what small leaves take, as the bare program shows, which checks nothing and writes no structure metadata.";
const BARE = "bare `writev` of many tensors a call";
const BARE_SMALL = "bare walk, sort, `JSON.stringify`, one block, one write";

const LOADS = [
  ["load_pytree", "Python package `load_pytree`", true],
  ["load_into_pytree", "Python package `load_into_pytree`", true],
  ["load_numpy", "Python `safetensors.numpy.load_file`", false],
  ["load_equinox", "Equinox `tree_deserialise_leaves`", false],
  ["load_flax", "Flax `from_bytes`", false],
] as const;

const SAVES = [
  ["save_pytree", "Python package `save_pytree`", true],
  ["save_numpy", "Python `safetensors.numpy.save_file`", false],
  ["save_equinox", "Equinox `tree_serialise_leaves`", false],
  ["save_flax", "Flax `to_bytes`", false],
] as const;

export const python: Workload = {
  name: "python",
  async run(context) {
    const side = await context.python();
    const comparisons: Comparison[] = [];
    if (side === undefined) {
      return { title: "Against Python", intro: "There is no Python here: run `bash interop/venv.sh` first." };
    }
    const jobs = context.quick
      ? [{ title: "64 MiB, 300 layers F32", layers: 300, width: widthFor(2 ** 26, 4), seconds: 1 }]
      : [
          { title: "1 GiB, 300 layers F32", layers: 300, width: widthFor(2 ** 30, 4), seconds: 6 },
          { title: `${count(50_000)} small leaves`, layers: 3_125, width: 2, seconds: 3 },
        ];
    for (const { title, layers, width, seconds } of jobs) {
      context.log(`python: ${title}`);
      const path = join(context.folder, "python.safetensors");
      const target = join(context.folder, "python-saved.safetensors");
      const memory = filledMemory(layers * (12 * width * width + 13 * width) * 4 + 2 ** 20);
      const tree = transformer(layers, width, leavesIn(memory, "F32"));
      await savePytree(tree, path, { flush: false });
      await warm(path);
      const remove = () => unlink(target);
      const isLarge = width > 2;
      const chunks = (treeLeaves(tree) as Tensor[]).map(({ bytes }) => bytes);
      const foreign = (job: string, ...args: string[]): Contestant => ({
        name: job,
        run: () => {},
        seconds: () => side.seconds(job, path, ...args),
      });
      await touchMemory(4 * memory.byteLength);
      const loads = await contest(
        [
          { name: "loadPytree", run: () => loadPytree(path) },
          { name: "loadIntoPytree", run: () => loadIntoPytree(tree, path) },
          ...LOADS.map(([job]) => foreign(job)),
        ],
        context.rounds(seconds),
      );
      for (const [job, against, ours] of LOADS) {
        const call =
          job === "load_into_pytree" || job === "load_equinox" || job === "load_flax"
            ? "loadIntoPytree"
            : "loadPytree";
        comparisons.push({
          what: `${title}: \`${call}\``,
          against,
          ours: loads.time(call),
          speed: loads.speed(call, job),
          ...(ours && { reach: 1 }),
          why: WHY,
        });
      }
      // The limit of large leaves is the kernel's, that of small ones V8's.
      const bare = isLarge
        ? { name: BARE, run: () => bareWritev(target, chunks, false), after: remove }
        : { name: BARE_SMALL, run: () => bareSave(tree, target), after: remove };
      const saves = await contest(
        [
          { name: "savePytree", run: () => savePytree(tree, target, { flush: false }), after: remove },
          bare,
          ...SAVES.map(([job]) => foreign(job, target)),
        ],
        context.rounds(seconds),
      );
      for (const [job, against, ours] of [...SAVES, [bare.name, bare.name, false] as const]) {
        comparisons.push({
          what: `${title}: \`savePytree\`, not flushed`,
          against,
          ours: saves.time("savePytree"),
          speed: saves.speed("savePytree", job),
          ...(ours && { reach: 1 }),
          why: isLarge ? WHY_SAVE : WHY_SMALL,
        });
      }
      for (const end of ["", ".eqx", ".msgpack"]) await unlink(path + end);
    }
    return {
      title: "Against Python",
      intro:
        "JAX on CPU. The same trees and the same safetensors files, in the page cache; process start and imports are not in the times, arrays are waited for. Python's savers don't flush, so this package doesn't either here. Equinox and Flax use formats of their own, and load into a template.",
      comparisons,
    };
  },
};
