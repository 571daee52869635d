import { STRUCTURE_KEY } from "../../args/keys.ts";
import { formatNumber } from "../../terminal/numbers.ts";
import { formatCount, formatShare, plural } from "../../terminal/sizes.ts";
import { formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { formatShape, printable, truncate, wrap } from "../../terminal/text.ts";
import type { Change, Difference } from "./command.ts";

/** Draws a difference: what came, went and moved as lines with a sign, then the numbers as a table, then a summary. */
export function drawDiff(diff: Difference, terminal: Terminal): string[] {
  const sections = [
    structureLines(diff, terminal),
    metadataLines(diff, terminal),
    valueLines(diff, terminal),
  ];
  return [
    ...sections.filter((lines) => lines.length > 0).flatMap((lines) => [...lines, ""]),
    ...wrap(summary(diff, terminal), terminal.width),
  ];
}

function structureLines(diff: Difference, { color, unicode, width }: Terminal): string[] {
  const arrow = unicode ? "→" : "->";
  const rows = [
    ...diff.removed.map(({ name, dtype, shape }) => [
      color.red(`- ${label(name)}`),
      color.dim(dtype + formatShape(shape)),
    ]),
    ...diff.added.map(({ name, dtype, shape }) => [
      color.green(`+ ${label(name)}`),
      color.dim(dtype + formatShape(shape)),
    ]),
    ...diff.moved.map(({ from, to, dtype, shape }) => [
      color.blue(`${unicode ? "→" : ">"} ${label(from)} ${arrow} ${label(to)}`),
      color.dim(dtype + formatShape(shape)),
    ]),
    ...diff.retyped.map(({ name, a, b }) => [
      color.yellow(`~ ${label(name)}`),
      `${a.dtype} ${arrow} ${b.dtype}`,
    ]),
    ...diff.reshaped.map(({ name, a, b }) => [
      color.yellow(`~ ${label(name)}`),
      a.dtype === b.dtype
        ? `${formatShape(a.shape)} ${arrow} ${formatShape(b.shape)}`
        : `${a.dtype}${formatShape(a.shape)} ${arrow} ${b.dtype}${formatShape(b.shape)}`,
    ]),
  ];
  return formatTable([{ flexible: true }, {}], rows, { width, ellipsis: unicode ? "…" : "~" });
}

const VALUE_WIDTH = 40;

function metadataLines(diff: Difference, { color, unicode }: Terminal): string[] {
  const arrow = unicode ? "→" : "->";
  const show = (value: string | null) =>
    value === null
      ? color.dim("none")
      : truncate(JSON.stringify(printable(value.slice(0, 2 * VALUE_WIDTH))), VALUE_WIDTH);
  return diff.metadata.map(({ key, a, b }) => {
    const values =
      key === STRUCTURE_KEY ? color.dim("the structure of the tree") : `${show(a)} ${arrow} ${show(b)}`;
    return `${color.yellow("~")} ${color.dim("metadata")} ${label(key)}  ${values}`;
  });
}

function valueLines(diff: Difference, { color, unicode, width }: Terminal): string[] {
  const changes = [...diff.changed, ...diff.close, ...diff.retyped].filter(
    ({ values }) => values !== undefined,
  );
  const close = new Set(diff.close);
  const rows = changes.map((change) => {
    const { values, name } = change;
    const { differing, count, maxAbs, maxRel, cosine, maxUlp, nan } = values!;
    return [
      close.has(change) ? color.dim(label(name)) : label(name),
      dtypeOf(change, unicode),
      formatNumber(maxAbs),
      formatNumber(maxRel),
      formatCosine(cosine),
      maxUlp === undefined ? "" : formatCount(maxUlp),
      formatShare(differing, count),
      nan > 0 ? color.red(formatCount(nan)) : "",
    ];
  });
  if (rows.length === 0) return [];
  return formatTable(
    [
      { title: "values", flexible: true },
      { title: "dtype", drop: 2 },
      { title: unicode ? "max |Δ|" : "max abs", align: "right" },
      { title: "max rel", align: "right", drop: 5 },
      { title: "cosine", align: "right", drop: 3 },
      { title: "ULP", align: "right", drop: 4 },
      { title: "differ", align: "right", drop: 1 },
      { title: "NaN", align: "right", drop: 6 },
    ],
    rows,
    { width, style: (title) => color.dim(title), ellipsis: unicode ? "…" : "~" },
  );
}

function dtypeOf({ a, b }: Change, unicode: boolean): string {
  return a.dtype === b.dtype ? a.dtype : `${a.dtype}${unicode ? "→" : ">"}${b.dtype}`;
}

/** A cosine close to 1 says the most in the digits after the nines. */
function formatCosine(cosine: number): string {
  if (!Number.isFinite(cosine)) return formatNumber(cosine);
  return cosine === 1 ? "1" : String(Number(cosine.toFixed(cosine > 0.999999 ? 9 : 6)));
}

function summary(diff: Difference, { color }: Terminal): string {
  const parts = [
    [diff.removed.length, "removed", color.red],
    [diff.added.length, "added", color.green],
    [diff.moved.length, "moved", color.blue],
    [diff.retyped.length, "retyped", color.yellow],
    [diff.reshaped.length, "reshaped", color.yellow],
    [diff.changed.length, "changed", color.yellow],
    [diff.close.length, "within tolerance", color.dim],
  ] as const;
  const counts = parts
    .filter(([count]) => count > 0)
    .map(([count, what, paint]) => paint(`${formatCount(count)} ${what}`));
  if (diff.metadata.length > 0) counts.push(color.yellow(`metadata differs`));
  const same = `${plural(diff.same, "tensor")} the same`;
  return counts.length === 0 ? color.green(same) : `${counts.join(", ")}, ${same}`;
}

function label(name: string): string {
  return printable(name) || '""';
}
