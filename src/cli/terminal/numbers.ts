/** Numbers for people: with few digits, as bars. */
/** A number for people, with four digits: `0.02105`, `-1.235e-05`. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  if (size < 1e-4 || size >= 1e6) {
    const [fraction, exponent] = value.toExponential(digits - 1).split("e");
    const trimmed = fraction!.replace(/\.?0+$/, "");
    return `${trimmed}e${exponent![0]}${exponent!.slice(1).padStart(2, "0")}`;
  }
  return String(Number(value.toPrecision(digits)));
}

const LEVELS = "▁▂▃▄▅▆▇█";
const ASCII_LEVELS = "._-=+*%#";

/** Counts as a line of little bars; a bin with anything in it is never blank. */
export function sparkline(counts: readonly number[], unicode: boolean): string {
  const levels = unicode ? LEVELS : ASCII_LEVELS;
  const most = Math.max(1, ...counts);
  return counts
    .map((count) =>
      count === 0 ? " " : levels[Math.min(levels.length - 1, Math.floor((count / most) * levels.length))],
    )
    .join("");
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A horizontal bar of `share` of `width` columns, to an eighth of one; something is never nothing. */
export function bar(share: number, width: number, unicode: boolean): string {
  const eighths = share > 0 ? Math.max(1, Math.round(share * width * 8)) : 0;
  if (!unicode) return "#".repeat(Math.ceil(eighths / 8));
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}
