import { bar, formatNumber, sparkline } from "../../terminal/numbers.ts";
import { formatCount, formatExact, formatShare } from "../../terminal/sizes.ts";
import { type Column, formatFields, formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { formatShape, pad, printable, truncate, widthOf } from "../../terminal/text.ts";
import type { TensorStats } from "../../values/measure.ts";

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
  { title: "histogram", drop: 1 },
];

// Bins of a histogram that has to stand in one cell of a table.
const SPARKS = 12;

// In less a table would have to leave out mean and deviation.
const MIN_TABLE = 64;

/** One tensor in full with its histogram; several as a table, with all of them together as the last line. */
export function drawStats(
  list: readonly TensorStats[],
  all: TensorStats | undefined,
  terminal: Terminal,
): string[] {
  const { color, unicode, width } = terminal;
  if (list.length === 0) return ["no tensors"];
  if (list.length === 1) return drawOne(list[0]!, terminal);
  const everything = [...list, ...(all ? [all] : [])];
  if (width < MIN_TABLE)
    return everything.flatMap((stats, i) => [...(i > 0 ? [""] : []), ...drawBlock(stats, terminal)]);
  const rows = everything.map((stats) => cells(stats, terminal));
  const style = (title: string) => color.dim(title);
  const lines = formatTable(COLUMNS, rows, { width, style, ellipsis: unicode ? "…" : "~" });
  // A line that is only the total's: bold, that nobody takes it for a tensor named so.
  return all ? [...lines.slice(0, -1), color.bold(lines.at(-1)!)] : lines;
}

function cells(stats: TensorStats, { color, unicode }: Terminal): string[] {
  const infinities = stats.posInf + stats.negInf;
  const alarm = (count: number) => (count > 0 ? color.red(formatCount(count)) : "");
  return [
    stats.dtype === undefined ? stats.name : printable(stats.name) || '""',
    stats.dtype === undefined ? "" : color.green(stats.dtype),
    formatCount(stats.count),
    spell(stats.min),
    spell(stats.max),
    formatNumber(stats.mean),
    formatNumber(stats.std),
    formatShare(stats.zeros, stats.count),
    alarm(stats.nan),
    alarm(infinities),
    color.cyan(sparkline(regroup(stats.histogram.counts, SPARKS), unicode)),
  ];
}

/** A few short lines for a narrow terminal. */
function drawBlock(stats: TensorStats, { color, unicode, width }: Terminal): string[] {
  const [dots, plusMinus] = unicode ? ["…", "±"] : ["..", "+-"];
  const name = stats.dtype === undefined ? stats.name : printable(stats.name) || '""';
  const info =
    stats.dtype === undefined
      ? formatCount(stats.count)
      : color.green(stats.dtype) + formatShape(stats.shape ?? []);
  const odd = [
    stats.nan > 0 && `${formatCount(stats.nan)} NaN`,
    stats.posInf + stats.negInf > 0 && `${formatCount(stats.posInf + stats.negInf)} inf`,
  ].filter(Boolean);
  return [
    truncate(`${color.bold(name)}  ${info}`, width),
    `  ${color.cyan(sparkline(stats.histogram.counts, unicode))}`,
    `  ${spell(stats.min)} ${dots} ${spell(stats.max)}`,
    `  ${formatNumber(stats.mean)} ${plusMinus} ${formatNumber(stats.std)}, zeros ${formatShare(stats.zeros, stats.count)}`,
    ...(odd.length > 0 ? [`  ${color.red(odd.join(", "))}`] : []),
  ];
}

function drawOne(stats: TensorStats, terminal: Terminal): string[] {
  const { color, width } = terminal;
  const alarm = (count: number) => (count > 0 ? color.red(formatExact(count)) : "0");
  const fields = formatFields(
    [
      ["count", formatExact(stats.count)],
      ["min", spell(stats.min)],
      ["max", spell(stats.max)],
      ["mean", formatNumber(stats.mean)],
      ["std", formatNumber(stats.std)],
      ["zeros", `${formatExact(stats.zeros)} (${formatShare(stats.zeros, stats.count)})`],
      ["NaN", alarm(stats.nan)],
      ["inf", stats.negInf > 0 ? `${alarm(stats.posInf)}, -inf ${alarm(stats.negInf)}` : alarm(stats.posInf)],
    ],
    { width, style: (label) => color.dim(label) },
  );
  const title = `${color.bold(printable(stats.name) || '""')}  ${color.green(stats.dtype)}${formatShape(stats.shape ?? [])}`;
  const chart = drawHistogram(stats, terminal);
  return [title, "", ...fields, ...(chart.length > 0 ? ["", ...chart] : [])];
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
  return typeof value === "bigint" ? String(value) : formatNumber(value);
}

function regroup(counts: readonly number[], most: number): number[] {
  const step = Math.ceil(counts.length / most) || 1;
  const groups: number[] = [];
  for (let i = 0; i < counts.length; i += step)
    groups.push(counts.slice(i, i + step).reduce((a, b) => a + b, 0));
  return groups;
}
