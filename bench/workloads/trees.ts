import { dict2pytree, pytree2dict, setWeights, type Tensor } from "pytree2safetensors";
import { inChild } from "../child.ts";
import { type Contestant, contest } from "../contest.ts";
import { bareBuild, bareFlatten, bareSet, bareSetReported } from "../contestants/bare-trees.ts";
import { treeOf } from "../models.ts";
import type { Comparison, Plot } from "../report-types.ts";
import { logSlope } from "../statistics.ts";
import { count } from "../units.ts";
import type { Workload } from "../workload.ts";

const WHY =
  "Trees: beside the bare walk, `dict2pytree` also sorts the keys of each dict and checks for conflicts, gaps and depth, but reads of each name only what differs from the name before, where the bare walk starts at the root. `pytree2dict` asks each container for symbol keys, which would get lost: 15 % of its time, and 5 % go into looking for separators in keys. `setWeights` lists the dict's names to report those that no leaf takes (8 %), compares the name of each leaf (10 %), asks for symbol keys (5 %), compares the shapes of all leaves, and collects everything that does not fit before it builds anything, so that the tree is walked twice: a second bare row does so too, but checks nothing else. Each share was measured at 1,000 and 10,000 leaves by leaving that part out. The shares don't add up to the whole distance: the rest is the general walk, which asks of each value what it is, where the bare walk knows. Where the time a leaf grows, it does in the bare walk too: a small tree fits the caches and dies young, a large one is looked up and copied in main memory.";

const REPORTED = "bare walks that first tell what doesn't fit";

const CALLS = ["pytree2dict", "dict2pytree", "setWeights"] as const;

type Call = (typeof CALLS)[number];

// Two exponents of one run differ by so much from run to run.
const SLOPE_TOLERANCE = 0.03;

const PYTHON: Readonly<Record<Call, string>> = {
  pytree2dict: "flatten",
  dict2pytree: "build",
  setWeights: "set_weights",
};

export const trees: Workload = {
  name: "trees",
  async run(context) {
    const python = await context.python();
    const sizes = context.quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
    const comparisons: Comparison[] = [];
    const times: Record<string, [number, number][]> = {};
    const shares: Record<string, number | undefined> = {};
    const memory: Record<Call, [number, number][]> = { pytree2dict: [], dict2pytree: [], setWeights: [] };
    const note = (line: string, size: number, seconds: number) => {
      times[line] ??= [];
      times[line].push([size, seconds]);
    };
    for (const size of sizes) {
      context.log(`trees: ${count(size)} leaves`);
      const tree = treeOf(size);
      const dict = pytree2dict(tree) as Record<string, Tensor>;
      const bareDict = bareFlatten(tree);
      const contestants: Contestant[] = [
        { name: "pytree2dict", run: () => pytree2dict(tree) },
        { name: "bare pytree2dict", run: () => bareFlatten(tree) },
        { name: "dict2pytree", run: () => dict2pytree(dict) },
        { name: "bare dict2pytree", run: () => bareBuild(bareDict) },
        { name: "setWeights", run: () => setWeights(tree, dict) },
        { name: "bare setWeights", run: () => bareSet(tree, bareDict) },
        { name: REPORTED, run: () => bareSetReported(tree, bareDict) },
      ];
      // Python takes seconds for each call on the largest.
      if (python && size <= 100_000) {
        for (const call of CALLS)
          contestants.push({
            name: `Python ${call}`,
            run: () => {},
            seconds: () => python.seconds(PYTHON[call], size),
          });
      }
      const results = await contest(contestants, context.rounds(size / 100_000));
      for (const call of CALLS) {
        const what = `\`${call}\`, ${count(size)} leaves`;
        const ours = results.time(call);
        const bare = results.time(`bare ${call}`);
        note(call, size, ours.median);
        note(`bare ${call}`, size, bare.median);
        // Of the largest tree in the end.
        [shares[call], shares[`bare ${call}`]] = [ours.collecting, bare.collecting];
        comparisons.push({
          what,
          against: "bare walk",
          ours,
          speed: results.speed(call, `bare ${call}`),
          why: WHY,
        });
        if (call === "setWeights") {
          comparisons.push({ what, against: REPORTED, ours, speed: results.speed(call, REPORTED) });
        }
        if (python && size <= 100_000) {
          comparisons.push({ what, against: "Python", ours, speed: results.speed(call, `Python ${call}`) });
        }
        if (!context.quick) memory[call].push([size, (await inChild(call, size)).peakBytes]);
      }
    }
    const plots: Plot[] = context.quick
      ? []
      : [
          plot("trees-time.svg", "Trees to dicts and back", "seconds", times),
          plot("trees-memory.svg", "Peak memory of trees to dicts and back", "bytes", memory),
        ];
    const facts = CALLS.map((call) => {
      const [ours, bare] = [growth(times[call]!), growth(times[`bare ${call}`]!)];
      return {
        what: `\`${call}\`: time a leaf, from ${count(sizes[0]!)} to ${count(sizes.at(-1)!)} leaves`,
        got: `grows with leaves^${ours.slope.toFixed(2)}, the bare walk's with leaves^${bare.slope.toFixed(2)}; largest step from one size to the next ${ours.step.toFixed(2)}×, ${bare.step.toFixed(2)}×; the collector's share of the largest ${percent(shares[call])}, ${percent(shares[`bare ${call}`])}`,
        reach: `the bare walk's exponent + ${SLOPE_TOLERANCE}`,
        ok: ours.slope <= bare.slope + SLOPE_TOLERANCE,
      };
    });
    return {
      title: "Trees",
      intro:
        "Trees of a transformer's shape, 16 leaves to a layer, all leaves one small tensor. A bare walk is the shortest program for this one tree: no attributes, classes or Maps, no check for cycles, conflicts, odd keys or gaps, no structure metadata. A speed of ≥ 0.7 is ≤ 1.43× its time.",
      comparisons,
      facts,
      plots,
    };
  },
};

type Points = readonly (readonly [size: number, seconds: number])[];

/** How the time a leaf grows: the power of the size in all, and the largest step from one size to the next. */
function growth(points: Points): { slope: number; step: number } {
  const steps = points.slice(1).map(([size, s], i) => s / size / (points[i]![1] / points[i]![0]));
  return { slope: logSlope(points), step: Math.max(...steps) };
}

function percent(share = 0): string {
  return `${Math.round(100 * share)} %`;
}

function plot(file: string, title: string, y: string, lines: Readonly<Record<string, Points>>): Plot {
  return {
    file,
    title,
    x: "leaves",
    y,
    lines: Object.entries(lines).map(([name, points]) => ({
      name: `${name} (slope ${logSlope(points).toFixed(2)})`,
      points,
    })),
  };
}
