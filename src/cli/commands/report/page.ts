/** A report as the text of one HTML page: tree, statistics, histograms; no code, nothing to fetch. */
import { createHash } from "node:crypto";
import { drawHistogram } from "../../charts/histogram.ts";
import { escapeMarkup, svgText } from "../../charts/shape.ts";
import { drawSpark } from "../../charts/spark.ts";
import { formatBytes, formatCount, formatExact, formatShare } from "../../terminal/sizes.ts";
import { formatShape, printable } from "../../terminal/text.ts";
import type { TreeNode } from "../../trees/node.ts";
import type { TensorStats } from "../../values/stats.ts";
import { STYLE } from "./style.ts";

/** What a report is of. */
export interface Report {
  readonly title: string;
  readonly root: TreeNode;
  /** What was measured, by the tensors' names. */
  readonly stats: ReadonlyMap<string, TensorStats>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly byteLength: number;
}

// A large histogram takes three kilobytes; with more tensors than this, those in the lines have to do.
const MOST_CHARTS = 2000;
// Deeper levels are folded at first where there are many tensors.
const MOST_UNFOLDED = 60;

/** Gives the page piece by piece, for reports of any length. */
export function* reportPage(report: Report): Generator<string, void, undefined> {
  const { title, root, metadata, byteLength } = report;
  const hash = createHash("sha256").update(STYLE).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'`;
  yield `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${text(title)}</title>
<style>${STYLE}</style>
<main>
<h1>${text(title)}</h1>
`;
  yield facts([
    ["tensors", formatExact(root.tensors)],
    ["parameters", `${formatExact(root.parameters)} (${formatCount(root.parameters)})`],
    ["bytes", `${formatExact(root.bytes)} (${formatBytes(root.bytes)})`],
    ["files", `${formatExact(byteLength)} bytes`],
    ...Object.entries(metadata).map(([key, value]) => [key, short(value)] as const),
  ]);
  const isSmall = root.tensors <= MOST_UNFOLDED;
  for (const child of root.children) yield* node(child, report, isSmall);
  yield `</main>\n<footer>Made by p2s report. Minimum, maximum, mean and deviation cover finite values only.</footer>\n</html>\n`;
}

function* node(tree: TreeNode, report: Report, open: boolean): Generator<string, void, undefined> {
  const stats = report.stats.get(tree.name);
  const isContainer = tree.children.length > 0;
  yield `<details${isContainer ? ' class="container"' : ""}${open && isContainer ? " open" : ""}><summary>${summary(tree, stats)}</summary>\n`;
  for (const child of tree.children) yield* node(child, report, open);
  if (stats && !isContainer) yield values(stats, report.stats.size <= MOST_CHARTS);
  yield "</details>\n";
}

function summary(tree: TreeNode, stats: TensorStats | undefined): string {
  const { kind, label, dtype, shape, value, tensors, parameters, bytes } = tree;
  const what =
    kind === "tensor" ? formatShape(shape ?? []) : value === undefined ? "" : `= ${short(spellValue(value))}`;
  const sizes = tensors === 0 ? "" : `${formatCount(parameters)} · ${formatBytes(bytes)}`;
  const spark = stats ? svgText(drawSpark(stats.histogram.counts)) : "";
  return `<b>${text(label) || '""'}</b>${spark}<i>${text(dtype ?? kind)}</i><s>${text(what)}</s><s>${sizes}</s>`;
}

function values(stats: TensorStats, withChart: boolean): string {
  const { name, count, min, max, mean, std, zeros, nan, posInf, negInf } = stats;
  const rows: readonly (readonly [string, string])[] = [
    ["name", name],
    ["count", formatExact(count)],
    ["min", spell(min)],
    ["max", spell(max)],
    ["mean", String(mean)],
    ["std", String(std)],
    ["zeros", `${formatExact(zeros)} (${formatShare(zeros, count)})`],
    ["NaN", formatExact(nan)],
    ["inf", `${formatExact(posInf)}, -inf ${formatExact(negInf)}`],
  ];
  const table = rows.map(([title, value]) => `<tr><th>${title}</th><td>${text(value)}</td></tr>`).join("");
  const title = `Histogram of ${printable(name)}`;
  const chart = withChart ? svgText(drawHistogram(stats.histogram, { title, width: 480, height: 200 })) : "";
  return `<div class="values"><table>${table}</table>${chart}</div>`;
}

function spell(value: number | bigint): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function spellValue(value: unknown): string {
  return typeof value === "string" || typeof value === "object" ? JSON.stringify(value) : String(value);
}

function facts(entries: readonly (readonly [string, string])[]): string {
  const items = entries.map(([title, value]) => `<div><dt>${text(title)}</dt><dd>${text(value)}</dd></div>`);
  return `<dl>${items.join("")}</dl>\n`;
}

/** Names and strings of a file as text and nothing else. */
function text(value: string): string {
  return escapeMarkup(printable(value));
}

// A structure record may be as long as a header.
const MOST_CHARACTERS = 200;

function short(value: string): string {
  return value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value;
}
