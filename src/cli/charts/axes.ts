/** The axes of charts: ticks with their labels, and grid lines. */
import { formatNumber } from "../terminal/numbers.ts";
import { round, type Shape, shape } from "./shape.ts";

/** Where the plot lies inside a chart. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A tick: where it is, in the coordinates of the chart, and the value that it marks. */
export interface Tick {
  readonly at: number;
  readonly value: number;
}

/** Ticks with labels of their own: numbers that differ in digits that are not shown get one. */
function labelled(ticks: readonly Tick[]): readonly (Tick & { readonly label: string })[] {
  return ticks
    .map((tick) => ({ ...tick, label: formatNumber(tick.value) }))
    .filter(({ label }, i, all) => label !== all[i - 1]?.label);
}

const LABEL = { fill: "currentColor", "fill-opacity": 0.75 };

/** The horizontal axis below the plot. */
export function bottomAxis(frame: Frame, ticks: readonly Tick[], caption?: string): Shape {
  const { left, right, bottom } = frame;
  const line = { x1: left, x2: right, y1: bottom, y2: bottom, stroke: "currentColor", "stroke-opacity": 0.5 };
  const labels = labelled(ticks).map(({ at, label }) =>
    shape("text", { ...LABEL, x: round(at), y: bottom + 16, "text-anchor": "middle" }, label),
  );
  const middle = (left + right) / 2;
  const below = caption
    ? [shape("text", { ...LABEL, x: middle, y: bottom + 31, "text-anchor": "middle" }, caption)]
    : [];
  return shape("g", {}, [shape("line", line), ...labels, ...below]);
}

/** The vertical axis on the left, with lines across the plot. */
export function leftAxis(frame: Frame, ticks: readonly Tick[]): Shape {
  const { left, right } = frame;
  const lines = ticks.map(({ at }) =>
    shape("line", {
      x1: left,
      x2: right,
      y1: round(at),
      y2: round(at),
      stroke: "currentColor",
      "stroke-opacity": 0.15,
    }),
  );
  const labels = labelled(ticks).map(({ at, label }) =>
    shape("text", { ...LABEL, x: left - 6, y: round(at + 4), "text-anchor": "end" }, label),
  );
  return shape("g", {}, [...lines, ...labels]);
}
