// docs/benchmarks-full.md: everything that was measured.
import { percent, speedWithSpread, table } from "./cells.ts";
import { isBelow, isMissed, leastSpeed } from "./goals.ts";
import type { Comparison, Fact, Result, Timing } from "./report-types.ts";
import { duration } from "./units.ts";
import type { WorkloadName } from "./workload.ts";

/** The long page as Markdown. */
export function fullPage(results: readonly Result[], machine: readonly string[]): string {
  const parts = [
    "# All benchmarks",
    "Every row that `npm run bench` measures; [benchmarks](benchmarks.md) has those that matter. A speed says how many times as fast this package is: 2.00× means half the time, less than 1.00× means that the other one is faster. Contestants take turns within one run, and each round is compared within itself. The number is the median of the rounds; half of the rounds lie between the numbers in brackets. Times are those of this package, also medians, and depend on the machine: compare ratios, not times. `collector` is the share of that time in which the garbage collector held up the program, `page faults` the share of the processor time that they took, from their number and what one costs. Both are left out below 1 %. A ✗ marks a goal that is not reached.",
    machine.join("\n"),
    ...results.flatMap((result) => [
      ...section(result),
      isSame(result.machine, machine) ? "" : `On another machine:\n\n${result.machine.join("\n")}`,
    ]),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

/** One workload as Markdown. */
export function section(result: Result): string[] {
  const { title, intro, measured, workload, comparisons = [], facts = [], plots = [] } = result;
  const shared = comparisons.some(({ ours }) => share(ours?.collecting) || share(ours?.faulting));
  const heads = ["what", "against", "reach", "got", "our time", "collector", "page faults"];
  return [
    `## ${title}`,
    `${intro} Measured ${measured}.`,
    table(
      heads.slice(0, shared ? 7 : 5),
      comparisons.map((row) => comparisonCells(workload, row).slice(0, shared ? 7 : 5)),
    ),
    table(["what", "reach", "got"], facts.map(factCells)),
    ...reasons(result),
    plots.map(({ file, title: alt }) => `![${alt}](plots/${file})`).join("\n"),
  ].filter(Boolean);
}

function comparisonCells(workload: WorkloadName, row: Comparison): string[] {
  const { what, against, ours, speed } = row;
  const least = leastSpeed(workload, row);
  return [
    what,
    against,
    least === undefined ? "" : `≥ ${Number(least.toFixed(2))}×`,
    typeof speed === "string" ? speed : speedWithSpread(speed) + (isBelow(row, least) ? " ✗" : ""),
    ours === undefined ? "" : duration(ours.median),
    share(ours?.collecting),
    share(ours?.faulting),
  ];
}

function share(value: Timing["collecting"]): string {
  return value === undefined || value < 0.01 ? "" : percent(value);
}

function factCells(fact: Fact): string[] {
  const { what, reach, got } = fact;
  return [what, reach ?? "", isMissed(fact, undefined) ? `${got} ✗` : got];
}

/** The explanations of what is behind, or has no goal. */
function reasons({ workload, comparisons = [], facts = [] }: Result): string[] {
  const behind = comparisons.filter((row) => {
    const least = leastSpeed(workload, row);
    return least === undefined || isBelow(row, least);
  });
  const missed = facts.filter((fact) => isMissed(fact, undefined));
  return [...new Set([...behind, ...missed].flatMap(({ why }) => why ?? []))];
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.join("\n") === b.join("\n");
}
