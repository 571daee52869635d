/** A histogram so small that it fits into a line of text. */
import { SERIES_COLORS, type Shape, shape } from "./shape.ts";

const [WIDTH, HEIGHT] = [96, 18];

/** Bars of counts as one path, without axes. */
export function drawSpark(counts: readonly number[]): Shape {
  const most = Math.max(1, ...counts);
  const step = WIDTH / Math.max(1, counts.length);
  const bars = counts.flatMap((count, i) => {
    if (count === 0) return [];
    // Something is never nothing.
    const height = Math.max(1, Math.round((count / most) * HEIGHT));
    const width = Math.max(1, Math.round(step) - 1);
    return [`M${Math.round(i * step)} ${HEIGHT}v-${height}h${width}v${height}z`];
  });
  const attributes = {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    width: WIDTH,
    height: HEIGHT,
    "aria-hidden": "true",
  };
  return shape("svg", attributes, [shape("path", { d: bars.join(""), fill: SERIES_COLORS[0] })]);
}
