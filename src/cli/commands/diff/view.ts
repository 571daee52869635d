/** How `diff` shows a difference. */
import { formatNumber } from "../../terminal/numbers.ts";
import { formatCount, formatShare, plural } from "../../terminal/sizes.ts";
import { formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { formatShape, nameCell, quote, truncate, truncateMiddle, wrap } from "../../terminal/text.ts";
import { STRUCTURE_KEY } from "../../trees/key-styles.ts";
import type { Change, Difference } from "../../values/difference.ts";

/** Draws a difference: what came, went and moved as lines with a sign, then the numbers as a table, then a summary. */
export function drawDiff(diff: Difference, tolerance: number | undefined, terminal: Terminal): string[] {
  const sections = [
    structureLines(diff, terminal),
    metadataLines(diff, terminal),
    valueLines(diff, terminal),
  ];
  return [
    ...sections.filter((lines) => lines.length > 0).flatMap((lines) => [...lines, ""]),
    ...wrap(summary(diff, tolerance, terminal), terminal.width),
  ];
}

function structureLines(diff: Difference, { color, unicode, width }: Terminal): string[] {
  const arrow = unicode ? "→" : "->";
  const ellipsis = unicode ? "…" : "~";
  // Of two names in one cell, each gets half of what is left of a narrow line.
  const half = (name: string) => truncateMiddle(nameCell(name), Math.max(6, (width - 22) / 2), ellipsis);
  const rows = [
    ...diff.removed.map(({ name, dtype, shape }) => [
      color.red(`- ${nameCell(name)}`),
      color.dim(dtype + formatShape(shape)),
    ]),
    ...diff.added.map(({ name, dtype, shape }) => [
      color.green(`+ ${nameCell(name)}`),
      color.dim(dtype + formatShape(shape)),
    ]),
    ...diff.moved.map(({ from, to, dtype, shape }) => [
      color.blue(`${unicode ? "→" : ">"} ${half(from)} ${arrow} ${half(to)}`),
      color.dim(dtype + formatShape(shape)),
    ]),
    ...diff.retyped.map(({ name, a, b }) => [
      color.yellow(`~ ${nameCell(name)}`),
      `${a.dtype} ${arrow} ${b.dtype}`,
    ]),
    ...diff.reshaped.map(({ name, a, b }) => [
      color.yellow(`~ ${nameCell(name)}`),
      a.dtype === b.dtype
        ? `${formatShape(a.shape)} ${arrow} ${formatShape(b.shape)}`
        : `${a.dtype}${formatShape(a.shape)} ${arrow} ${b.dtype}${formatShape(b.shape)}`,
    ]),
  ];
  return formatTable([{ flexible: true }, {}], rows, { width, ellipsis });
}

const VALUE_WIDTH = 40;

function metadataLines(diff: Difference, { color, unicode, width }: Terminal): string[] {
  const room = Math.max(8, Math.min(VALUE_WIDTH, (width - 20) / 2));
  const arrow = unicode ? "→" : "->";
  const show = (value: string | null) =>
    value === null ? color.dim("none") : truncate(quote(value, 2 * VALUE_WIDTH), room, unicode ? "…" : "~");
  return diff.metadata.map(({ key, a, b }) => {
    const values =
      key === STRUCTURE_KEY ? color.dim("the structure of the tree") : `${show(a)} ${arrow} ${show(b)}`;
    const line = `${color.yellow("~")} ${color.dim("metadata")} ${nameCell(key)}  ${values}`;
    return truncateMiddle(line, width, unicode ? "…" : "~");
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
      close.has(change) ? color.dim(nameCell(name)) : nameCell(name),
      dtypeOf(change, unicode),
      formatNumber(maxAbs),
      formatNumber(maxRel),
      formatCosine(cosine),
      maxUlp === undefined ? "" : formatCount(maxUlp),
      formatShare(differing, count),
      nan > 0 ? color.red(formatCount(nan)) : "",
      close.has(change) ? color.green("within tolerance") : "",
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
      { title: "verdict", drop: 0 },
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

function summary(diff: Difference, tolerance: number | undefined, { color, unicode }: Terminal): string {
  const parts = [
    [diff.removed.length, "removed", color.red],
    [diff.added.length, "added", color.green],
    [diff.moved.length, "moved", color.blue],
    [diff.retyped.length, "retyped", color.yellow],
    [diff.reshaped.length, "reshaped", color.yellow],
    [diff.changed.length, "changed", color.yellow],
    [diff.close.length, `within tolerance ${formatNumber(tolerance ?? 0)}`, color.green],
  ] as const;
  const counts = parts
    .filter(([count]) => count > 0)
    .map(([count, what, paint]) => paint(`${formatCount(count)} ${what}`));
  if (diff.metadata.length > 0) counts.push(color.yellow("metadata differs"));
  const same = `${plural(diff.same, "tensor")} the same`;
  const { keys, respelled } = diff;
  const arrow = unicode ? "→" : "->";
  const how = keys.a === keys.b ? "renamed" : `${keys.a} ${arrow} ${keys.b}`;
  const names = respelled === 0 ? "" : color.dim(` (${plural(respelled, "name")} paired: ${how})`);
  return (counts.length === 0 ? color.green(same) : `${counts.join(", ")}, ${same}`) + names;
}
