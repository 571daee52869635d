import type { Plot } from "./report-types.ts";

const WIDTH = 760;
const HEIGHT = 480;
const LEFT = 80;
const RIGHT = 20;
const TOP = 48;
const BOTTOM = 56;
// Told apart by people who see colours otherwise, too.
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const LEGEND_LINE = 18;

/** A plot as SVG, both axes logarithmic: cost that grows as the work does is a line at 45 degrees of decades. */
export function drawPlot(plot: Plot): string {
  const points = plot.lines.flatMap((line) => line.points);
  const x = axis(
    points.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = axis(
    points.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${plot.title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(WIDTH / 2, 26, plot.title, 'text-anchor="middle" font-size="16"'),
    ...x.ticks.flatMap((tick) => [
      `<line x1="${x.at(tick)}" x2="${x.at(tick)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#e4e4e4"/>`,
      text(x.at(tick), HEIGHT - BOTTOM + 18, label(tick, plot.x), 'text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap((tick) => [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.at(tick)}" y2="${y.at(tick)}" stroke="#e4e4e4"/>`,
      text(LEFT - 8, y.at(tick) + 4, label(tick, plot.y), 'text-anchor="end"'),
    ]),
    `<rect x="${LEFT}" y="${TOP}" width="${WIDTH - LEFT - RIGHT}" height="${HEIGHT - TOP - BOTTOM}" fill="none" stroke="#888"/>`,
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, plot.x, 'text-anchor="middle"'),
    text(0, 0, plot.y, `text-anchor="middle" transform="translate(18 ${HEIGHT / 2}) rotate(-90)"`),
    ...plot.lines.flatMap((line, i) => {
      const color = COLORS[i % COLORS.length]!;
      const dash =
        line.name.startsWith("bare") || line.name.startsWith("JSON") ? ' stroke-dasharray="5 4"' : "";
      const path = line.points.map(([px, py]) => `${x.at(px)},${y.at(py)}`).join(" ");
      const row = TOP + 18 + i * LEGEND_LINE;
      return [
        `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"${dash}/>`,
        ...line.points.map(([px, py]) => `<circle cx="${x.at(px)}" cy="${y.at(py)}" r="3" fill="${color}"/>`),
        `<line x1="${LEFT + 12}" x2="${LEFT + 40}" y1="${row - 4}" y2="${row - 4}" stroke="${color}" stroke-width="2"${dash}/>`,
        text(LEFT + 46, row, line.name, ""),
      ];
    }),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

interface Axis {
  readonly ticks: readonly number[];
  /** Where a value lies, in pixels. */
  at(value: number): number;
}

// Whole decades, so that the ticks are round.
function axis(values: readonly number[], from: number, to: number): Axis {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const at = (value: number) =>
    Number((from + ((Math.log10(value) - low) / (high - low)) * (to - from)).toFixed(1));
  return { ticks, at };
}

const UNITS: readonly (readonly [number, string])[] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

function label(value: number, unit: string): string {
  if (unit.startsWith("seconds")) {
    if (value >= 1) return `${value} s`;
    return value >= 1e-3 ? `${Math.round(value * 1e3)} ms` : `${Math.round(value * 1e6)} µs`;
  }
  const [factor, prefix] = UNITS.find(([least]) => value >= least) ?? [1, ""];
  return `${Math.round(value / factor)} ${prefix}${unit.startsWith("bytes") ? "B" : ""}`.trim();
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" fill="#222" ${attributes}>${escaped}</text>`;
}
