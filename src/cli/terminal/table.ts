/** Tables and lists of fields that fit the terminal. */
import { MAX_CELL, pad, truncate, truncateMiddle, widthOf, wrap } from "./text.ts";

/** A column of a table. */
export interface Column {
  /** What stands above the column. */
  readonly title?: string;
  /** What the column is called where it has no title. */
  readonly name?: string;
  readonly align?: "left" | "right";
  /** Columns with a number are left out where the terminal is too narrow, the lowest first. */
  readonly drop?: number;
  /** A column that is cut, in the middle, if all else does not suffice; the first by default. */
  readonly flexible?: boolean;
}

/** How a table is laid out. */
export interface TableOptions {
  readonly width: number;
  /** What stands where a cell was cut. */
  readonly ellipsis?: string;
  readonly style?: (title: string) => string;
}

const GAP = "  ";
// A name of which less is left tells nothing: rather drop a column.
const MIN_FLEXIBLE = 14;
const MIN_SHARE = 0.55;

/**
 * Lays cells out in columns that fit the width: columns that may go are dropped one by one, then the flexible ones
 * are cut in the middle. A last line names the columns that were left out. Columns that are empty in all rows take no
 * space.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string[] {
  const { width, ellipsis = "…", style = (title) => title } = options;
  const widths = columns.map((column, i) =>
    rows.reduce(
      (most, row) => Math.max(most, Math.min(MAX_CELL, widthOf(row[i] ?? ""))),
      widthOf(column.title ?? ""),
    ),
  );
  const flexible = columns.flatMap((column, i) => (column.flexible ? [i] : []));
  if (flexible.length === 0) flexible.push(0);
  const wanted = flexible.reduce((sum, i) => sum + widths[i]!, 0);
  let shown = columns
    .map((_, i) => i)
    .filter((i) => flexible.includes(i) || rows.some((row) => (row[i] ?? "") !== ""));
  const rest = () =>
    width -
    shown.reduce((sum, i) => sum + (flexible.includes(i) ? 0 : widths[i]!), 0) -
    GAP.length * (shown.length - 1);
  const droppable = shown
    .filter((i) => columns[i]!.drop !== undefined && !flexible.includes(i))
    .sort((a, b) => columns[a]!.drop! - columns[b]!.drop!);
  const dropped: string[] = [];
  for (const i of droppable) {
    if (rest() >= Math.min(wanted, Math.max(MIN_FLEXIBLE, MIN_SHARE * width))) break;
    shown = shown.filter((other) => other !== i);
    dropped.push(columns[i]!.title ?? columns[i]!.name ?? "");
  }
  share(widths, flexible, rest());

  const line = (cells: readonly string[], paint: (text: string) => string = (text) => text) =>
    truncate(
      shown
        .map((i) => {
          const cut = flexible.includes(i) ? truncateMiddle : truncate;
          return pad(paint(cut(cells[i] ?? "", widths[i]!, ellipsis)), widths[i]!, columns[i]!.align);
        })
        .join(GAP)
        .trimEnd(),
      width,
      ellipsis,
    );
  const titles = columns.map(({ title }) => title ?? "");
  const named = dropped.filter((name) => name !== "");
  return [
    ...(titles.some((title) => title !== "") && rows.length > 0 ? [line(titles, style)] : []),
    ...rows.map((row) => line(row)),
    ...(named.length > 0 ? wrap(`(no room for ${named.join(", ")})`, width).map(style) : []),
  ];
}

/** Gives the flexible columns what is left: each what it needs, or an equal part of what the others don't. */
function share(widths: number[], flexible: readonly number[], room: number): void {
  let left = room;
  const inOrder = [...flexible].sort((a, b) => widths[a]! - widths[b]!);
  for (const [k, i] of inOrder.entries()) {
    const part = Math.floor(left / (inOrder.length - k));
    widths[i] = Math.min(widths[i]!, Math.max(part, 4));
    left -= widths[i]!;
  }
}

/** Lines of `label  value`, the labels in one column; a long value goes on in its own column. */
export function formatFields(
  fields: readonly (readonly [label: string, value: string])[],
  options: { readonly width: number; readonly style?: (label: string) => string; readonly indent?: string },
): string[] {
  const { width, style = (label) => label, indent = "  " } = options;
  const longest = fields.reduce((most, [label]) => Math.max(most, widthOf(label)), 0);
  const labels = Math.min(longest, Math.max(8, Math.floor(width / 2) - indent.length));
  const left = indent.length + labels + GAP.length;
  const room = Math.max(12, width - left);
  return fields.flatMap(([label, value]) =>
    wrap(value, room)
      .flatMap((text) => chop(text, room))
      .map((text, i) => {
        const head = i === 0 ? pad(style(truncateMiddle(label, labels)), labels) : " ".repeat(labels);
        return (indent + head + GAP + text).trimEnd();
      }),
  );
}

/** A word that is longer than a line, in pieces. */
function chop(text: string, width: number): string[] {
  if (widthOf(text) <= width || text.includes("\u001b")) return [text];
  const pieces: string[] = [];
  let [piece, columns] = ["", 0];
  for (const char of text) {
    const own = widthOf(char);
    if (columns + own > width) {
      pieces.push(piece);
      [piece, columns] = ["", 0];
    }
    piece += char;
    columns += own;
  }
  return [...pieces, piece];
}
