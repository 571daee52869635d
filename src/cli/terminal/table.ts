import { pad, truncate, widthOf, wrap } from "./text.ts";

/** A column of a table. */
export interface Column {
  readonly title?: string;
  readonly align?: "left" | "right";
  /** Columns with a number are left out where the terminal is too narrow, the lowest first. */
  readonly drop?: number;
  /** The column that is cut if all else does not suffice; the first unless told. */
  readonly flexible?: boolean;
}

const GAP = "  ";
// A name of which less is left tells nothing: rather drop a column.
const MIN_FLEXIBLE = 14;
const MIN_SHARE = 0.55;

/**
 * Lays cells out in columns that fit the width: columns that may go are dropped one by one, then the flexible one
 * is cut. Columns that are empty in all rows take no space.
 *
 * @param ellipsis What stands where a cell was cut.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width: number; readonly ellipsis?: string; readonly style?: (title: string) => string },
): string[] {
  const { width, ellipsis = "…", style = (title) => title } = options;
  const widths = columns.map((column, i) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[i] ?? "")), widthOf(column.title ?? "")),
  );
  const flexible = Math.max(
    0,
    columns.findIndex((column) => column.flexible),
  );
  let shown = columns
    .map((_, i) => i)
    .filter((i) => i === flexible || rows.some((row) => (row[i] ?? "") !== ""));
  const rest = () =>
    width -
    shown.reduce((sum, i) => sum + (i === flexible ? 0 : widths[i]!), 0) -
    GAP.length * (shown.length - 1);
  const droppable = columns
    .map(({ drop }, i) => ({ drop, i }))
    .filter(({ drop, i }) => drop !== undefined && i !== flexible)
    .sort((a, b) => a.drop! - b.drop!);
  for (const { i } of droppable) {
    if (rest() >= Math.min(widths[flexible]!, Math.max(MIN_FLEXIBLE, MIN_SHARE * width))) break;
    shown = shown.filter((other) => other !== i);
  }
  widths[flexible] = Math.max(Math.min(widths[flexible]!, rest()), Math.min(widths[flexible]!, 4));

  const line = (cells: readonly string[], paint: (text: string) => string = (text) => text) =>
    shown
      .map((i) => pad(paint(truncate(cells[i] ?? "", widths[i]!, ellipsis)), widths[i]!, columns[i]!.align))
      .join(GAP)
      .trimEnd();
  const head = columns.some(({ title }) => title)
    ? [
        line(
          columns.map(({ title }) => title ?? ""),
          style,
        ),
      ]
    : [];
  return [...head, ...rows.map((row) => line(row))];
}

/** Lines of `label  value`, the labels in one column; a long value goes on in its own column. */
export function formatFields(
  fields: readonly (readonly [label: string, value: string])[],
  options: { readonly width: number; readonly style?: (label: string) => string; readonly indent?: string },
): string[] {
  const { width, style = (label) => label, indent = "  " } = options;
  const labels = Math.max(...fields.map(([label]) => widthOf(label)));
  const left = indent.length + labels + GAP.length;
  return fields.flatMap(([label, value]) =>
    wrap(value, Math.max(12, width - left)).map((text, i) =>
      (i === 0 ? indent + style(pad(label, labels)) + GAP + text : " ".repeat(left) + text).trimEnd(),
    ),
  );
}
