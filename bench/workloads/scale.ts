import { existsSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { freemem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { inChildren, touchMemory } from "../child.ts";
import { uniformFile, warm } from "../files.ts";
import type { Plot } from "../report-types.ts";
import { logSlope } from "../statistics.ts";
import { count, mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

// A file system in memory, where Linux has one: what the disk adds shows beside it.
const RAM_DISK = "/dev/shm";
const LAZY = "load and save lazily";
const LAZY_IN_MEMORY = "the same, to a RAM disk";

type Points = [x: number, y: number][];

export const scale: Workload = {
  name: "scale",
  async run(context) {
    const times: Record<string, Points> = { loadFile: [], [LAZY]: [] };
    const memory: Record<string, Points> = { loadFile: [], [LAZY]: [] };
    const path = join(context.folder, "scale.safetensors");
    const target = join(context.folder, "scale-saved.safetensors");
    const sizes = context.quick ? [1, 64] : [1, 8, 64, 512, 2048, 8192];
    for (const mib of sizes) {
      context.log(`scale: ${count(mib)} MiB`);
      const bytes = mib * 2 ** 20;
      // Tensors of up to 16 MiB, so that a large file has many.
      const tensor = Math.min(bytes / 4, 16 * 2 ** 20);
      await uniformFile(path, bytes / tensor, [tensor / 4]);
      await warm(path);
      await touchMemory(2 * bytes);
      const rounds = context.quick || mib > 1024 ? 1 : 5;
      const load = await inChildren(rounds, "load", path);
      const lazy = await inChildren(rounds, "saveLazily", path, target);
      times.loadFile!.push([bytes, load.seconds.median]);
      memory.loadFile!.push([bytes, load.peakBytes.median]);
      times[LAZY]!.push([bytes, lazy.seconds.median]);
      memory[LAZY]!.push([bytes, lazy.peakBytes.median]);
      if (existsSync(RAM_DISK) && freemem() > 2 * bytes) {
        const inMemory = await inChildren(
          rounds,
          "saveLazily",
          path,
          join(RAM_DISK, `${process.pid}.safetensors`),
        );
        times[LAZY_IN_MEMORY] ??= [];
        times[LAZY_IN_MEMORY].push([bytes, inMemory.seconds.median]);
      }
    }
    await unlink(path);
    const smallTimes: Record<string, Points> = { loadFile: [], saveFile: [] };
    const smallMemory: Record<string, Points> = { loadFile: [], saveFile: [] };
    for (const size of context.quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]) {
      context.log(`scale: ${count(size)} small tensors`);
      const load = await inChildren(context.quick ? 1 : 3, "loadSmall", path, size);
      const save = await inChildren(context.quick ? 1 : 3, "saveSmall", path, size);
      smallTimes.loadFile!.push([size, load.seconds.median]);
      smallMemory.loadFile!.push([size, load.peakBytes.median]);
      smallTimes.saveFile!.push([size, save.seconds.median]);
      smallMemory.saveFile!.push([size, save.peakBytes.median]);
    }
    const largest = memory[LAZY]!.at(-1)!;
    return {
      title: "Cost as work grows",
      intro:
        "Each point is a fresh process: medians of seconds, and how far the resident set rose at most. Large files are sparse and in the page cache. A straight line of slope 1 in these plots is cost that grows as the work does; small sizes lie above it by what starting costs, and saves of gigabytes by the disk: once so much is dirty, the kernel lets writers wait for it.",
      facts: [
        {
          what: `memory to load ${mebibytes(largest[0])} lazily and save it again`,
          got: mebibytes(largest[1]),
        },
      ],
      plots: context.quick
        ? []
        : [
            plot("size-time.svg", "Time for files of growing size", "bytes", "seconds", times),
            plot(
              "size-memory.svg",
              "Peak memory for files of growing size",
              "bytes",
              "bytes of memory",
              memory,
            ),
            plot(
              "count-time.svg",
              "Time for files of growing numbers of tensors",
              "tensors",
              "seconds",
              smallTimes,
            ),
            plot(
              "count-memory.svg",
              "Peak memory for growing numbers of tensors",
              "tensors",
              "bytes of memory",
              smallMemory,
            ),
          ],
    };
  },
};

function plot(file: string, title: string, x: string, y: string, lines: Record<string, Points>): Plot {
  return {
    file,
    title,
    x,
    y,
    lines: Object.entries(lines).map(([name, points]) => ({
      // What starting costs hides the slope of the smallest.
      name: `${name} (slope of the upper half ${logSlope(points.slice(-3)).toFixed(2)})`,
      points,
    })),
  };
}
