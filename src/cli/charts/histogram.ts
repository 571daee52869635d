/** Draws a histogram of values as a chart. */
import { scaleLinear, scaleLog } from "d3-scale";
import { formatNumber } from "../terminal/numbers.ts";
import { formatExact } from "../terminal/sizes.ts";
import type { Bins } from "../values/histogram.ts";
import { bottomAxis, type Frame, leftAxis } from "./axes.ts";
import { linearScale } from "./scale.ts";
import { chart, round, SERIES_COLORS, type Shape, shape } from "./shape.ts";

/** How a histogram is drawn. */
export interface HistogramOptions {
  readonly title: string;
  readonly width?: number;
  readonly height?: number;
  /** Draws the counts on a logarithmic scale, where rare values can be seen. */
  readonly log?: boolean;
  readonly caption?: string;
}

/** Bars over the range of the values; each has a title with its range and its count. */
export function drawHistogram({ edges, counts }: Bins, options: HistogramOptions): Shape {
  const { title, width = 560, height = 240, log = false, caption } = options;
  const frame: Frame = { left: 64, right: width - 12, top: 10, bottom: height - (caption ? 40 : 26) };
  if (counts.length === 0) {
    const attributes = { x: width / 2, y: height / 2, "text-anchor": "middle", fill: "currentColor" };
    return chart(width, height, title, [shape("text", attributes, "no finite values")]);
  }
  const most = Math.max(...counts);
  const x = linearScale([edges[0]!, edges.at(-1)!], [frame.left, frame.right]);
  // On a logarithmic scale a single value still needs a bar that can be seen.
  const y = log
    ? scaleLog([0.5, Math.max(most, 1)], [frame.bottom, frame.top])
    : scaleLinear([0, most], [frame.bottom, frame.top]);
  const bars = counts.flatMap((count, i) => {
    if (count === 0) return [];
    const [start, end] = [x.at(edges[i]!), x.at(edges[i + 1]!)];
    const top = Math.min(y(count), frame.bottom - 1);
    const range = `${formatNumber(edges[i]!)} to ${formatNumber(edges[i + 1]!)}: ${formatExact(count)}`;
    const attributes = {
      class: "bar",
      x: round(start),
      y: round(top),
      width: round(Math.max(1, end - start - 1)),
      height: round(frame.bottom - top),
      fill: SERIES_COLORS[0],
    };
    return [shape("rect", attributes, [shape("title", {}, range)])];
  });
  const across = Math.max(2, Math.floor(width / 90));
  const xTicks = x.ticks(across);
  const yTicks = yTicksOf(y.ticks(log ? 3 : 4), log, most).map((value) => ({ at: y(value), value }));
  return chart(width, height, title, [leftAxis(frame, yTicks), ...bars, bottomAxis(frame, xTicks, caption)]);
}

// Counts are whole; on a logarithmic scale only the powers of ten have a label.
function yTicksOf(ticks: readonly number[], log: boolean, most: number): readonly number[] {
  if (!log) return ticks.filter((value) => Number.isInteger(value));
  const powers = ticks.filter((value) => value >= 1 && Number.isInteger(Math.log10(value)));
  const step = Math.ceil(powers.length / 5);
  return powers.length > 0 ? powers.filter((_, i) => i % step === 0) : [Math.min(1, most)];
}
