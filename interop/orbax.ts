// Holds our keep rules against Orbax's: the same random histories of steps and metrics, the same steps kept.
import { readFileSync } from "node:fs";
import { type KeepRules, type KeptStep, stepsToKeep } from "pytree2safetensors/training";
import { report } from "./check.ts";

interface History {
  readonly by: "manager" | "policies";
  readonly rules: KeepRules;
  /** Steps with their metric as text, `null` where there is none. */
  readonly history: readonly (readonly [step: number, metric: string | null])[];
  /** The steps that Orbax kept, after each save. */
  readonly kept: readonly (readonly number[])[];
}

interface Difference extends Omit<History, "by"> {
  readonly name: string;
}

/** In which cases we differ from Orbax on purpose, and what we keep at the end of each. `docs/training.md` lists them. */
const DIFFERENCES: Readonly<Record<string, readonly number[]>> = {
  "the newest step": [1, 3],
  "a step without the metric": [1, 4],
  "a step without the metric among few": [2],
  "a metric that is NaN": [1, 4],
  "every without last": [2, 3],
};

/** Compares what `orbax_side.py` wrote. */
export function checkOrbax(file: string): void {
  const { histories, differences } = JSON.parse(readFileSync(file, "utf8")) as {
    histories: History[];
    differences: Difference[];
  };
  const failures = histories.flatMap((history, i) => {
    const wrong = mismatchOf(history);
    return wrong === undefined ? [] : [`history ${i}: ${wrong}`];
  });
  if (failures.length > 0) report("fail", `Orbax keeps other steps: ${failures.slice(0, 5).join("; ")}`);
  else report("pass", `keep rules: ${histories.length} random histories, the same steps as Orbax`);
  for (const { name, rules, history, kept } of differences) {
    const ours = keptAfterEach(rules, history).at(-1)!;
    const same = String(ours) === String(kept.at(-1));
    if (String(ours) !== String(DIFFERENCES[name])) report("fail", `${name}: we keep ${ours}`);
    else if (same) report("fail", `${name}: Orbax keeps ${ours} too; this is no difference any more`);
    else report("pass", `differs from Orbax: ${name}: we keep ${ours}, it keeps ${kept.at(-1)}`);
  }
}

function mismatchOf({ by, rules, history, kept }: History): string | undefined {
  const ours = keptAfterEach(rules, history);
  for (const [i, steps] of kept.entries()) {
    const seen = history.slice(0, i + 1);
    // The manager's classic options may remove the newest step, which we never do.
    const expected = by === "manager" ? new Set([...steps, seen.at(-1)![0]]) : new Set(steps);
    const sorted = [...expected].sort((a, b) => a - b);
    if (String(ours[i]) === String(sorted)) continue;
    return `${JSON.stringify(rules)} after ${JSON.stringify(seen)}: ours ${ours[i]}, Orbax ${sorted}`;
  }
  return undefined;
}

/** What we keep after each save. */
function keptAfterEach(rules: KeepRules, history: History["history"]): number[][] {
  let steps: KeptStep[] = [];
  return history.map(([step, metric], i) => {
    const value = metric === null ? {} : { m: Number(metric.replace("inf", "Infinity")) };
    steps.push({ step, metrics: value, time: new Date(1000 * i) });
    const kept = stepsToKeep(steps, rules, 1000 * i);
    steps = steps.filter((one) => kept.has(one.step));
    return steps.map((one) => one.step);
  });
}
