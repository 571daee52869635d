import type { Comparison, Fact, Section } from "./report-types.ts";
import type { Spread } from "./statistics.ts";
import { duration } from "./units.ts";

/** The report as Markdown: first the goals, then everything that was measured. */
export function markdown(sections: readonly Section[], machine: readonly string[]): string {
  const parts = [
    "# Benchmarks",
    "Written by `npm run bench`. A speed says how many times as fast this package is: 2.00× means half the time, less than 1.00× means that the other one is faster. Contestants take turns within one run, and each round is compared within itself. The number is the median of the rounds; half of the rounds lie between the numbers in brackets. Times are those of this package, also medians, and depend on the machine: compare ratios, not times.",
    machine.join("\n"),
    "## The numbers to reach",
    "The goals that the project has set itself, as speeds. A ✗ marks a goal that is not reached; the sections below say why.",
    goals(sections),
    ...sections.flatMap(section),
    "## How to run it",
    "```sh\nnpm ci\nbash interop/venv.sh        # for the contestants in Python; without it they are left out\nnpm run bench               # half an hour, 20 GB of disk, 12 GB of memory\nnpm run bench -- --quick    # a minute\nnpm run bench -- --only load,open\n```",
    "A run with `--only` renews its parts of this page; `--quick` only prints.",
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

/** One section as Markdown. */
export function section({
  title,
  intro,
  measured,
  comparisons = [],
  facts = [],
  plots = [],
}: Section): string[] {
  return [
    `## ${title}`,
    measured === undefined ? intro : `${intro} Measured ${measured}.`,
    table(["what", "against", "reach", "got", "our time"], comparisons.map(comparisonCells)),
    table(["what", "reach", "got"], facts.map(factCells)),
    ...reasons([...comparisons, ...facts]),
    plots.map(({ file, title: alt }) => `![${alt}](plots/${file})`).join("\n"),
  ].filter(Boolean);
}

function goals(sections: readonly Section[]): string {
  const rows = sections.flatMap(({ comparisons = [], facts = [] }) => [
    ...comparisons
      .filter(({ reach }) => reach !== undefined)
      .map(comparisonCells)
      .map((cells) => cells.slice(0, 4)),
    ...facts
      .filter(({ reach }) => reach !== undefined)
      .map(factCells)
      .map(([what, reach, got]) => [what!, "", reach!, got!]),
  ]);
  return table(["what", "against", "reach", "got"], rows);
}

function comparisonCells({ what, against, ours, speed, reach }: Comparison): string[] {
  const mark = reached({ speed, reach } as Comparison) ? "" : " ✗";
  return [
    what,
    against,
    reach === undefined ? "" : `≥ ${reach}×`,
    typeof speed === "string" ? speed : `${ratio(speed)}${mark}`,
    ours === undefined ? "" : duration(ours.median),
  ];
}

function reached({ speed, reach }: Comparison): boolean {
  // Two digits are what is printed: 0.996 is 1.00.
  return reach === undefined || typeof speed === "string" || Number(speed.median.toFixed(2)) >= reach;
}

function factCells({ what, got, reach, ok }: Fact): string[] {
  return [what, reach ?? "", ok === false ? `${got} ✗` : got];
}

function reasons(rows: readonly (Comparison | Fact)[]): string[] {
  const missed = rows.filter((row) => ("speed" in row ? !reached(row) || row.reach === undefined : !row.ok));
  const texts = new Set(missed.flatMap(({ why }) => why ?? []));
  return [...texts];
}

function ratio({ median, low, high }: Spread): string {
  return `${median.toFixed(2)}× (${low.toFixed(2)}–${high.toFixed(2)})`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  return [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
