// docs/benchmarks.md: the goals, and one small table for each question.
import { firstSentence, percent, speed, table } from "./cells.ts";
import { comparisonsOf, factsOf, GOALS, type Goal, isBelow, isMissed, type Rows } from "./goals.ts";
import { QUESTIONS, type Question } from "./questions.ts";
import type { Comparison, Fact, Result } from "./report-types.ts";

/** The short page as Markdown. */
export function shortPage(results: readonly Result[], machine: readonly string[]): string {
  const parts = [
    "# Benchmarks",
    "How many times as fast this package is: 2.00× means half the time, less than 1.00× means that the other one is faster. `0.90× to 1.20×` is the slowest and the fastest row of several. Contestants take turns within one run, and each number is the median of its rounds. [All benchmarks](benchmarks-full.md) has every row, with spreads, times and plots.",
    [...machine, measured(results)].join("\n"),
    "## The numbers to reach",
    table(
      ["what", "against", "reach", "got"],
      GOALS.flatMap((goal) => goalCells(results, goal)),
    ),
    ...QUESTIONS.flatMap((question) => answer(results, question)),
    "## How to run it",
    "```sh\nnpm ci\nbash interop/venv.sh        # for the contestants in Python; without it they are left out\nnpm run bench               # half an hour, 20 GB of disk, 12 GB of memory\nnpm run bench -- --quick    # a minute; prints, and writes nothing\nnpm run bench -- --only load,open   # renews these parts of both pages\n```",
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

/** When, and how busy the machine was. */
function measured(results: readonly Result[]): string {
  const times = results.map(({ measured }) => measured.slice(0, 16)).sort();
  const loads = results
    .flatMap(({ measured }) => /load average ([\d.]+)/.exec(measured)?.[1] ?? [])
    .map(Number);
  return `- measured ${times[0]} to ${times.at(-1)} UTC; load averages ${Math.min(...loads)} to ${Math.max(...loads)}, the benchmark's own work included`;
}

function goalCells(results: readonly Result[], goal: Goal): string[][] {
  const { what, against, rows, least, most } = goal;
  if (least === undefined) {
    const facts = factsOf(results, rows);
    if (facts.length === 0) return [[what, against, goal.reach!, "not measured"]];
    const told = facts.map((fact) => firstFigure(fact) + (isMissed(fact, most) ? " ✗" : "")).join(", ");
    return [[what, against, goal.reach!, told]];
  }
  const compared = measuredOf(results, rows);
  const reach = `≥ ${Number(least.toFixed(2))}×`;
  if (compared.length === 0) return [[what, against, reach, "not measured"]];
  return [
    [what, against, reach, range(compared) + (compared.some((row) => isBelow(row, least)) ? " ✗" : "")],
  ];
}

/** A question with its table, and why something is behind. */
function answer(results: readonly Result[], { title, lines }: Question): string[] {
  const rows = lines.flatMap(([what, against, of]) => {
    const compared = measuredOf(results, of);
    return compared.length === 0 ? [] : [[what, against, range(compared), where(compared)]];
  });
  if (rows.length === 0) return [];
  const behind = lines
    .flatMap(([, , of]) => measuredOf(results, of))
    .filter((row) => median(row) < 0.995)
    .sort((a, b) => median(a) - median(b));
  const why = [...new Set(behind.flatMap(({ why }) => (why === undefined ? [] : [firstSentence(why)])))];
  return [
    `## ${title}`,
    table(["what", "against", "got", "slowest"], rows),
    [...why, shares(behind[0])].filter(Boolean).join(" "),
  ];
}

/** Where our time goes in the row that is furthest behind. */
function shares(row: Comparison | undefined): string {
  const { collecting = 0, faulting = 0 } = row?.ours ?? {};
  const parts = [
    ...(collecting >= 0.05 ? [`the collector takes ${percent(collecting)} of our time`] : []),
    ...(faulting >= 0.05 ? [`page faults ${percent(faulting)} of our processor time`] : []),
  ];
  return parts.length === 0 ? "" : `In the slowest row, ${parts.join(" and ")}.`;
}

/** The slowest and the fastest. */
function range(rows: readonly Comparison[]): string {
  const [low, high] = [Math.min(...rows.map(median)), Math.max(...rows.map(median))];
  return speed(low) === speed(high) ? speed(low) : `${speed(low)} to ${speed(high)}`;
}

/** What the slowest row is about, where there are several. */
function where(rows: readonly Comparison[]): string {
  if (rows.length === 1) return "";
  const slowest = rows.reduce((a, b) => (median(b) < median(a) ? b : a));
  // The line has said what was called.
  return slowest.what.replace(/^`[^`]+`, |: `[^`]+`(?=,|$)/g, "");
}

/** What a fact counted, without what it says beside it. */
function firstFigure({ got }: Fact): string {
  return got.split(/; | \(/)[0]!;
}

function median({ speed }: Comparison): number {
  return typeof speed === "string" ? Number.NaN : speed.median;
}

/** The rows that have a speed: the others say why something could not be done. */
function measuredOf(results: readonly Result[], rows: Rows): Comparison[] {
  return comparisonsOf(results, rows).filter(({ speed }) => typeof speed !== "string");
}
