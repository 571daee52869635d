/** The histograms of `stats` as one picture. */
import { drawHistogram } from "../../charts/histogram.ts";
import { chart, type Shape, shape, svgText } from "../../charts/shape.ts";
import { formatNumber } from "../../terminal/numbers.ts";
import { nameCell } from "../../terminal/text.ts";
import type { TensorStats } from "../../values/stats.ts";

const [WIDTH, HEIGHT, HEAD] = [480, 200, 40];
const COLUMNS = 2;

/** An SVG with a histogram of each tensor, two in a row. */
export function plotStats(list: readonly TensorStats[], title: string): string {
  const columns = Math.min(COLUMNS, Math.max(1, list.length));
  const rows = Math.ceil(list.length / columns);
  const charts = list.map((stats, i) => {
    const [x, y] = [(i % columns) * WIDTH, Math.floor(i / columns) * (HEIGHT + HEAD)];
    return shape("g", { transform: `translate(${x} ${y})` }, drawOne(stats));
  });
  const [width, height] = [columns * WIDTH, rows * (HEIGHT + HEAD) + 10];
  const back = shape("rect", { width, height, fill: "#ffffff" });
  return `${svgText(chart(width, height, title, [back, ...charts]))}\n`;
}

function drawOne(stats: TensorStats): Shape[] {
  const name = nameCell(stats.name);
  const { attributes, ...histogram } = drawHistogram(stats.histogram, {
    title: `Histogram of ${name}`,
    width: WIDTH,
    height: HEIGHT,
  });
  const numbers = `mean ${formatNumber(stats.mean)}, std ${formatNumber(stats.std)}`;
  const most = 44;
  const label = name.length > most ? `${name.slice(0, most / 2)}…${name.slice(1 - most / 2)}` : name;
  return [
    shape("text", { x: 64, y: 20, "font-weight": 600, fill: "currentColor" }, label),
    shape("text", { x: WIDTH - 12, y: 20, "text-anchor": "end", fill: "currentColor" }, numbers),
    { ...histogram, attributes: { ...attributes, y: 28 } },
  ];
}
