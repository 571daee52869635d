/** How `stats` shows figures: a table, one tensor in full, or short blocks where it is narrow. */
import { bar, formatNumber, sparkline } from "../../terminal/numbers.ts";
import { formatCount, formatExact, formatShare } from "../../terminal/sizes.ts";
import { type Column, formatFields, formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { formatShape, nameCell, pad, truncateMiddle, widthOf, wrap } from "../../terminal/text.ts";
import type { TensorStats } from "../../values/stats.ts";

/** A tensor, or several of equal layers together. */
export interface StatsRow {
  readonly stats: TensorStats;
  /** How many tensors it stands for. */
  readonly folded: number;
}

const COLUMNS: readonly Column[] = [
  { title: "tensor", flexible: true },
  { title: "dtype", drop: 4 },
  { title: "count", align: "right", drop: 3 },
  { title: "min", align: "right" },
  { title: "max", align: "right" },
  { title: "mean", align: "right", drop: 6 },
  { title: "std", align: "right", drop: 7 },
  { title: "zeros", align: "right", drop: 2 },
  { title: "NaN", align: "right", drop: 8 },
  { title: "inf", align: "right", drop: 9 },
];
const HISTOGRAM: Column = { title: "histogram", drop: 1 };

// Bins of a histogram that has to stand in one cell of a table.
const SPARKS = 12;

// In less a table would have to leave out mean and deviation.
const MIN_TABLE = 64;

/** One tensor in full with its histogram; several as a table, with all of them together as the last line. */
export function drawStats(
  rows: readonly StatsRow[],
  all: TensorStats | undefined,
  percents: readonly number[],
  terminal: Terminal,
): string[] {
  const { color, unicode, width } = terminal;
  if (rows.length === 0) return ["no tensors"];
  if (rows.length === 1 && all === undefined) return drawOne(rows[0]!.stats, terminal);
  const everything = [...rows, ...(all ? [{ stats: all, folded: 1 }] : [])];
  if (width < MIN_TABLE)
    return everything.flatMap((row, i) => [...(i > 0 ? [""] : []), ...drawBlock(row, terminal)]);
  const columns = [
    ...COLUMNS,
    ...percents.map((percent): Column => ({ title: `${percent} %`, align: "right", drop: 5 })),
    HISTOGRAM,
  ];
  const cellRows = everything.map((row) => cells(row, percents, terminal));
  const style = (title: string) => color.dim(title);
  const lines = formatTable(columns, cellRows, { width, style, ellipsis: unicode ? "…" : "~" });
  // The line of the total in bold, so that nobody takes it for a tensor named so.
  const last = lines.findLastIndex((line) => line.startsWith("all "));
  return all ? lines.map((line, i) => (i === last ? color.bold(line) : line)) : lines;
}

function cells({ stats, folded }: StatsRow, percents: readonly number[], terminal: Terminal): string[] {
  const { color, unicode } = terminal;
  const infinities = stats.posInf + stats.negInf;
  const alarm = (count: number) => (count > 0 ? color.red(formatCount(count)) : "");
  return [
    title(stats, folded, terminal),
    stats.dtype === undefined ? "" : color.green(stats.dtype),
    formatCount(stats.count),
    spell(stats.min),
    spell(stats.max),
    formatNumber(stats.mean),
    formatNumber(stats.std),
    formatShare(stats.zeros, stats.count),
    alarm(stats.nan),
    alarm(infinities),
    ...percents.map((_, i) => {
      const value = stats.percentiles?.[i]?.value;
      return value === undefined ? "" : formatNumber(value);
    }),
    color.cyan(sparkline(regroup(stats.histogram.counts, SPARKS), unicode)),
  ];
}

function title(stats: TensorStats, folded: number, { color, unicode }: Terminal): string {
  const name = nameCell(unicode || folded === 1 ? stats.name : stats.name.replaceAll("…", ".."));
  return folded === 1 ? name : name + color.yellow(` ${unicode ? "×" : "x"}${folded}`);
}

/** A few short lines for a narrow terminal. */
function drawBlock({ stats, folded }: StatsRow, terminal: Terminal): string[] {
  const { color, unicode, width } = terminal;
  const [dots, plusMinus] = unicode ? ["…", "±"] : ["..", "+-"];
  const info =
    stats.dtype === undefined
      ? formatCount(stats.count)
      : color.green(stats.dtype) + formatShape(stats.shape ?? []);
  const odd = [
    stats.nan > 0 && `${formatCount(stats.nan)} NaN`,
    stats.posInf + stats.negInf > 0 && `${formatCount(stats.posInf + stats.negInf)} inf`,
  ].filter(Boolean);
  const percentiles = stats.percentiles?.map(({ percent, value }) => `${percent} %: ${formatNumber(value)}`);
  const room = width - widthOf(info) - 2;
  const ellipsis = unicode ? "…" : "~";
  return [
    `${color.bold(truncateMiddle(title(stats, folded, terminal), Math.max(8, room), ellipsis))}  ${info}`,
    `  ${color.cyan(sparkline(stats.histogram.counts, unicode))}`,
    `  ${spell(stats.min)} ${dots} ${spell(stats.max)}`,
    `  ${formatNumber(stats.mean)} ${plusMinus} ${formatNumber(stats.std)}, zeros ${formatShare(stats.zeros, stats.count)}`,
    ...(percentiles ? wrap(percentiles.join(", "), width - 2).map((line) => `  ${line}`) : []),
    ...(odd.length > 0 ? [`  ${color.red(odd.join(", "))}`] : []),
  ].map((line) => truncateMiddle(line, width, ellipsis));
}

function drawOne(stats: TensorStats, terminal: Terminal): string[] {
  const { color, unicode, width } = terminal;
  const alarm = (count: number) => (count > 0 ? color.red(formatExact(count)) : "0");
  const percentiles = (stats.percentiles ?? []).map(
    ({ percent, value }) => [`${percent} %`, formatNumber(value)] as const,
  );
  const fields = formatFields(
    [
      ["count", formatExact(stats.count)],
      ["min", spell(stats.min)],
      ...percentiles,
      ["max", spell(stats.max)],
      ["mean", formatNumber(stats.mean)],
      ["std", formatNumber(stats.std)],
      ["zeros", `${formatExact(stats.zeros)} (${formatShare(stats.zeros, stats.count)})`],
      ["NaN", alarm(stats.nan)],
      ["inf", stats.negInf > 0 ? `${alarm(stats.posInf)}, -inf ${alarm(stats.negInf)}` : alarm(stats.posInf)],
    ],
    { width, style: (label) => color.dim(label) },
  );
  const info = color.green(stats.dtype) + formatShape(stats.shape ?? []);
  const name = truncateMiddle(
    nameCell(stats.name),
    Math.max(8, width - widthOf(info) - 2),
    unicode ? "…" : "~",
  );
  const chart = drawHistogram(stats, terminal);
  return [`${color.bold(name)}  ${info}`, "", ...fields, ...(chart.length > 0 ? ["", ...chart] : [])];
}

// Bars longer than this say nothing more.
const MAX_BAR = 50;

function drawHistogram(
  { histogram: { edges, counts } }: TensorStats,
  { color, unicode, width }: Terminal,
): string[] {
  const most = Math.max(...counts);
  const labels = counts.map((_, i) => formatNumber(edges[i]!));
  const numbers = counts.map((count) => formatExact(count));
  const left = Math.max(...labels.map(widthOf));
  const right = Math.max(...numbers.map(widthOf));
  const room = Math.max(4, Math.min(MAX_BAR, width - left - right - 6));
  const axis = color.dim(unicode ? "│" : "|");
  return counts.map(
    (count, i) =>
      `  ${pad(labels[i]!, left, "right")} ${axis}${color.cyan(bar(count / most, room, unicode))} ${color.dim(numbers[i]!)}`,
  );
}

function spell(value: number | bigint): string {
  if (typeof value === "bigint") return String(value);
  return Object.is(value, -0) ? "-0" : formatNumber(value);
}

function regroup(counts: readonly number[], most: number): number[] {
  const step = Math.ceil(counts.length / most) || 1;
  const groups: number[] = [];
  for (let i = 0; i < counts.length; i += step)
    groups.push(counts.slice(i, i + step).reduce((a, b) => a + b, 0));
  return groups;
}
