/** Bytes, counts and shares for people. */
const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const COUNT_UNITS = ["", " k", " M", " B", " T"];

/** A number of bytes for people, in powers of 1000 as checkpoints are sold: `16 B`, `13.5 GB`. */
export function formatBytes(bytes: number): string {
  const [digits, unit] = scale(bytes, BYTE_UNITS.length);
  return `${digits} ${BYTE_UNITS[unit]}`;
}

/** A number of things for people: exact up to 9,999, then `131 k`, `7.24 B`. */
export function formatCount(count: number): string {
  if (count < 10_000) return formatExact(count);
  const [digits, unit] = scale(count, COUNT_UNITS.length);
  return `${digits}${COUNT_UNITS[unit]}`;
}

/** All digits, in groups of three. */
export function formatExact(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 tensor`, `2 tensors`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A part of a whole: `12.5 %`, and never `0 %` or `100 %` for what is not quite. */
export function formatShare(part: number, whole: number): string {
  if (part === 0 || whole === 0) return "0 %";
  if (part === whole) return "100 %";
  const percent = (100 * part) / whole;
  if (percent < 0.1) return "<0.1 %";
  return `${Math.min(percent, 99.9).toFixed(percent < 10 ? 1 : percent < 99.5 ? 0 : 1)} %`;
}

/** Three digits and the index of the unit. */
function scale(value: number, units: number): [digits: string, unit: number] {
  let unit = 0;
  let rest = value;
  // 999.5 of a unit would be spelled "1000", so the next one starts there.
  while (rest >= 999.5 && unit < units - 1) {
    rest /= 1000;
    unit++;
  }
  if (unit === 0) return [String(value), 0];
  return [rest < 999.5 ? rest.toPrecision(3) : formatExact(Math.round(rest)), unit];
}
