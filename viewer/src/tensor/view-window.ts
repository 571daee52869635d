// The window of a matrix that a heat map shows: which places of each axis are read, and how zooming moves it.
import type { Span } from "./slice.ts";

/** A window of a matrix: places from `top` and `left`. */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly columns: number;
}

// Cells that a heat map has at most along each side; more are smaller than the pixels of most screens.
const MOST_CELLS = 512;
// Bytes that one picture may read. A step along the last axis still reads whole rows.
const MOST_BYTES = 32 * 2 ** 20;

/** The places to read for a window: all of them, or every so many that few enough are left. */
export function spansOf(view: Window, elementBytes: number): { readonly down: Span; readonly across: Span } {
  const across = every(view.left, view.columns, MOST_CELLS);
  const rowBytes = Math.max(1, view.columns * elementBytes);
  const down = every(
    view.top,
    view.rows,
    Math.max(1, Math.min(MOST_CELLS, Math.floor(MOST_BYTES / rowBytes))),
  );
  return { down, across };
}

function every(start: number, places: number, most: number): Span {
  const step = Math.max(1, Math.ceil(places / most));
  return { start, count: Math.ceil(places / step), step };
}

/** A window `factor` times as large around a point of it, given in shares of its width and height. */
export function zoom(
  view: Window,
  factor: number,
  whole: { readonly rows: number; readonly columns: number },
  at = { x: 0.5, y: 0.5 },
): Window {
  const rows = Math.min(whole.rows, Math.max(Math.min(8, whole.rows), Math.round(view.rows * factor)));
  const columns = Math.min(
    whole.columns,
    Math.max(Math.min(8, whole.columns), Math.round(view.columns * factor)),
  );
  return place(
    {
      rows,
      columns,
      top: view.top + Math.round((view.rows - rows) * at.y),
      left: view.left + Math.round((view.columns - columns) * at.x),
    },
    whole,
  );
}

/** A window moved by shares of its size. */
export function pan(
  view: Window,
  x: number,
  y: number,
  whole: { readonly rows: number; readonly columns: number },
): Window {
  const step = (share: number, size: number) =>
    Math.sign(share) * Math.max(1, Math.round(Math.abs(share) * size));
  return place(
    {
      ...view,
      top: view.top + (y === 0 ? 0 : step(y, view.rows)),
      left: view.left + (x === 0 ? 0 : step(x, view.columns)),
    },
    whole,
  );
}

function place(view: Window, whole: { readonly rows: number; readonly columns: number }): Window {
  return {
    ...view,
    top: Math.max(0, Math.min(whole.rows - view.rows, view.top)),
    left: Math.max(0, Math.min(whole.columns - view.columns, view.left)),
  };
}
