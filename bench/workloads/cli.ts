import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { saveFile, Tensor } from "pytree2safetensors";
import { type Contestant, contest } from "../contest.ts";
import { warm } from "../files.ts";
import type { Comparison } from "../report-types.ts";
import { mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

const TENSORS = 16;
const START = "`node -e 0`";
const LOOP = "a loop over `safe_open` with ml_dtypes";

export const cli: Workload = {
  name: "cli",
  async run(context) {
    const { folder, quick } = context;
    const size = quick ? 2 ** 26 : 2 ** 30;
    execFileSync("npm", ["run", "--silent", "build:cli"], { stdio: ["ignore", "ignore", "inherit"] });
    const main = "dist/cli/main.js";
    const at = (name: string) => join(folder, `cli-${name}.safetensors`);
    context.log(`cli: two files of ${mebibytes(size)}`);
    await saveFile({ w: new Tensor("F32", [2], new Float32Array(2)) }, at("small"), { flush: false });
    for (const [name, factor] of [
      ["a", 1],
      ["b", 1.0001],
    ] as const) {
      const tensors = Object.fromEntries(
        Array.from({ length: TENSORS }, (_, i) => [`layers.${i}.w`, values(size / 4 / TENSORS, i, factor)]),
      );
      await saveFile(tensors, at(name), { flush: false });
      await warm(at(name));
    }
    const node = (...args: string[]) => {
      try {
        execFileSync(process.execPath, args, { stdio: "ignore" });
      } catch (error) {
        // 1: the files differ, as they should.
        if ((error as { status?: number }).status !== 1) throw error;
      }
    };
    const p2s = (name: string, ...args: string[]): Contestant => ({ name, run: () => node(main, ...args) });
    const start = await contest(
      [{ name: START, run: () => node("-e", "0") }, p2s("tree", "tree", at("small"))],
      20,
    );
    const comparisons: Comparison[] = [
      {
        what: "start: `tree` of a small file",
        against: START,
        ours: start.time("tree"),
        speed: start.speed("tree", START),
        reach: 0.5,
      },
    ];
    const side = await context.python();
    if (side !== undefined) {
      const foreign = (name: string, ...args: (string | number)[]): Contestant => ({
        name,
        run: () => {},
        seconds: () => side.seconds(name, ...args),
      });
      const CONVERT = [at("a"), at("out"), "--dtype", "bf16"];
      const jobs = [
        ["stats", [at("a")], "stats_numpy", [at("a")], "NumPy: min, max, mean, std, histogram"],
        ["diff", [at("a"), at("b")], "diff_numpy", [at("a"), at("b")], "NumPy: the same figures"],
        [
          "convert",
          CONVERT,
          "convert_numpy",
          [at("a"), at("out-python"), 1],
          `${LOOP}, flushed as the command does`,
        ],
        ["convert", CONVERT, "convert_numpy", [at("a"), at("out-python")], `${LOOP}, not flushed`],
      ] as const;
      for (const [command, args, name, given, against] of jobs) {
        const contestants = [p2s(command, command, ...args), foreign(name, ...given)];
        const results = await contest(contestants, context.rounds(3));
        comparisons.push({
          what: `\`${command}\` of ${mebibytes(size)} F32, the start of the process included`,
          against,
          ours: results.time(command),
          speed: results.speed(command, name),
        });
      }
    }
    return {
      title: "The command line",
      intro: "Each command as a process of its own, against a Python that runs already.",
      comparisons,
    };
  },
};

function values(count: number, seed: number, factor: number): Tensor {
  let state = seed + 1;
  const data = Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * factor;
  });
  return new Tensor("F32", [count], data);
}
