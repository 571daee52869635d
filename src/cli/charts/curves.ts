/** Draws series of numbers as curves, with a band where a series has a spread. */
import { area, line } from "d3-shape";
import { bottomAxis, type Frame, leftAxis } from "./axes.ts";
import { linearScale } from "./scale.ts";
import { chart, round, SERIES_COLORS, type Shape, shape } from "./shape.ts";

/** A point of a curve; `low` and `high` are the edges of the band around it. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** A curve with its name. */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** How curves are drawn. */
export interface CurvesOptions {
  readonly title: string;
  readonly caption: string;
  readonly width?: number;
  readonly height?: number;
}

// More dots than this run into one another.
const MOST_DOTS = 60;

/** Draws curves over one horizontal axis. Points that are not finite leave a gap. */
export function drawCurves(series: readonly Series[], options: CurvesOptions): Shape {
  const { title, caption, width = 560, height = 240 } = options;
  const frame: Frame = { left: 64, right: width - 12, top: series.length > 1 ? 26 : 10, bottom: height - 40 };
  const points = series.flatMap((one) => one.points.filter(isFinitePoint));
  const ys = points.flatMap(({ y, low = y, high = y }) => [low, y, high]);
  const x = linearScale(spread(points.map((point) => point.x)), [frame.left, frame.right]);
  const y = linearScale(spread(ys), [frame.bottom, frame.top], { nice: 4 });
  const band = area<Point>()
    .defined(isFinitePoint)
    .x((point) => round(x.at(point.x)))
    .y0((point) => round(y.at(point.low ?? point.y)))
    .y1((point) => round(y.at(point.high ?? point.y)));
  const curve = line<Point>()
    .defined(isFinitePoint)
    .x((point) => round(x.at(point.x)))
    .y((point) => round(y.at(point.y)));
  const drawn = series.flatMap((one, i) => {
    const color = SERIES_COLORS[i % SERIES_COLORS.length]!;
    const finite = one.points.filter(isFinitePoint);
    const hasBand = finite.some((point) => point.low !== undefined);
    const dots = finite.length > MOST_DOTS ? [] : finite;
    return [
      ...(hasBand
        ? [shape("path", { d: band([...one.points]) ?? "", fill: color, "fill-opacity": 0.18 })]
        : []),
      shape("path", { d: curve([...one.points]) ?? "", fill: "none", stroke: color, "stroke-width": 2 }),
      ...dots.map((point) =>
        shape("circle", { cx: round(x.at(point.x)), cy: round(y.at(point.y)), r: 2.5, fill: color }, [
          shape("title", {}, `${one.name}: ${point.y} at ${caption} ${point.x}`),
        ]),
      ),
    ];
  });
  const xTicks = x.ticks(Math.max(2, Math.floor(width / 90)));
  const yTicks = y.ticks(4);
  const legend = series.length > 1 ? drawLegend(series, frame) : [];
  return chart(width, height, title, [
    leftAxis(frame, yTicks),
    bottomAxis(frame, xTicks, caption),
    ...drawn,
    ...legend,
  ]);
}

function drawLegend(series: readonly Series[], { left, right }: Frame): Shape[] {
  const room = (right - left) / series.length;
  return series.flatMap((one, i) => {
    const at = left + i * room;
    const color = SERIES_COLORS[i % SERIES_COLORS.length]!;
    const most = Math.max(1, Math.floor((room - 20) / 6.5));
    const name = one.name.length > most ? `${one.name.slice(0, Math.max(1, most - 1))}…` : one.name;
    return [
      shape("rect", { x: round(at), y: 6, width: 10, height: 10, fill: color }),
      shape("text", { x: round(at + 15), y: 15, fill: "currentColor" }, name),
    ];
  });
}

function isFinitePoint({ y }: Point): boolean {
  return Number.isFinite(y);
}

/** The least and the greatest of numbers, never the same one twice. */
function spread(values: readonly number[]): [number, number] {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (least > greatest) return [0, 1];
  return least === greatest
    ? [least - Math.abs(least || 1) / 2, greatest + Math.abs(greatest || 1) / 2]
    : [least, greatest];
}
