/** Spelling floats as numpy does. */
import type { Dtype } from "../../index.node.ts";

/** Spells numbers of one array: all of them in the same number of columns. */
export type Formatter = (value: number) => string;

/** Digits that numpy shows at most after the point. */
const PRECISION = 8;

/** Mantissa bits and the least exponent of a normal number, by dtype. */
const FLOATS: Partial<Record<Dtype, readonly [mantissa: number, minExponent: number]>> = {
  F4: [1, 0],
  F8_E5M2: [2, -14],
  F8_E4M3: [3, -6],
  F8_E8M0: [0, -127],
  F8_E4M3FNUZ: [3, -7],
  F8_E5M2FNUZ: [2, -15],
  F16: [10, -14],
  BF16: [7, -126],
  F32: [23, -126],
  C64: [23, -126],
};

/**
 * Decides, as numpy's `array2string` does, how the numbers of an array are spelled: with exponents or without, and
 * how wide. Each has the fewest digits that tell it from its neighbours in its dtype, eight after the point at most.
 *
 * @param plus Writes the sign of positive numbers too.
 */
export function floatFormatter(values: readonly number[], dtype: Dtype, plus = false): Formatter {
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((value) => value !== 0).map(Math.abs);
  const max = sizes.reduce((a, b) => Math.max(a, b), 0);
  const min = sizes.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const scientific = sizes.length > 0 && (max >= largestPlain(dtype) || min < 1e-4 || max / min > 1000);
  const digitsOf = (value: number) => shortest(Math.abs(value), dtype);
  const spell = scientific
    ? scientificSpeller(finite, digitsOf)
    : (value: number) => positional(digitsOf(value), Math.abs(value));
  const signed = (value: number) => {
    const sign = value < 0 || Object.is(value, -0) ? "-" : plus ? "+" : "";
    return sign + spell(value);
  };
  const parts = finite.map((value) => split(signed(value)));
  const right = parts.reduce((most, [, fraction]) => Math.max(most, fraction.length), 0);
  let left = parts.reduce((most, [whole]) => Math.max(most, whole.length), 0);
  const special = (value: number) =>
    Number.isNaN(value) ? (plus ? "+nan" : "nan") : value < 0 ? "-inf" : plus ? "+inf" : "inf";
  if (finite.length < values.length) {
    const negative = plus || values.includes(Number.NEGATIVE_INFINITY) ? 4 : 3;
    left = Math.max(left, negative - right - 1);
  }
  return (value) => {
    if (!Number.isFinite(value)) return special(value).padStart(left + right + 1);
    const [whole, fraction] = split(signed(value));
    return `${whole.padStart(left)}.${fraction.padEnd(right)}`;
  };
}

/** From here on numpy writes exponents: where the dtype's digits end, at 1e8 at the latest. */
function largestPlain(dtype: Dtype): number {
  return dtype === "F64" ? 1e8 : dtype === "F16" ? 1e3 : 1e6;
}

/** The fewest significant digits, as `d.ddde±x`, that read back as this number in its dtype. */
export function shortest(value: number, dtype: Dtype): string {
  const format = FLOATS[dtype];
  if (format === undefined || value === 0) return value.toExponential();
  const [mantissa, minExponent] = format;
  const exponent = Math.max(Math.floor(Math.log2(value)), minExponent);
  const power = 2 ** exponent;
  const half = power * 2 ** (-mantissa - 1);
  // Below a power of two neighbours are half as far away.
  const below = value === power && exponent > minExponent ? half / 2 : half;
  // A number half-way between two is read as the one whose mantissa is even.
  const isEven = (value / half) % 4 === 0;
  const isWithin = (distance: number, limit: number) => distance < limit || (isEven && distance === limit);
  for (let digits = 0; digits < 17; digits++) {
    // Of two that are equally close, the one above may be the only one that is close enough.
    const texts = [toEven(value, (n) => value.toExponential(n), digits), value.toExponential(digits)];
    const found = texts.find(
      (text) => isWithin(Number(text) - value, half) && isWithin(value - Number(text), below),
    );
    if (found !== undefined) return found.replace(/\.?0+e/, "e");
  }
  return value.toExponential();
}

/** Digits without an exponent and with a point: `0.1`, `12.`. */
function positional(digits: string, value: number): string {
  const [fraction, exponent] = digits.split("e") as [string, string];
  const decimals = Math.max(0, fraction.replace(".", "").length - 1 - Number(exponent));
  // The number's own digits go on where the shortest spelling ends, so those that are shown are the spelling's.
  const text =
    decimals <= PRECISION
      ? Number(digits).toFixed(decimals)
      : toEven(value, (n) => value.toFixed(n), PRECISION);
  return text.includes(".") ? text.replace(/0+$/, "") : `${text}.`;
}

/** Digits that the small floats of ml_dtypes print with. */
const SMALL_DIGITS = 6;

/** Whether a dtype is one of ml_dtypes: numpy prints each of its numbers for itself, as C's `%g`. */
export function isSmallFloat(dtype: Dtype): boolean {
  return dtype === "BF16" || dtype === "F4" || dtype.startsWith("F8");
}

/** Spells a number as ml_dtypes does: `%g` with six digits. */
export function formatSmallFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const size = Math.abs(value);
  if (size === 0) return `${sign}0`;
  const digits = toEven(size, (n) => size.toExponential(n), SMALL_DIGITS - 1);
  const [fraction, exponent] = digits.split("e") as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < SMALL_DIGITS) {
    const text = toEven(size, (n) => size.toFixed(n), SMALL_DIGITS - 1 - power);
    return sign + (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  }
  const mantissa = fraction.replace(/\.?0+$/, "");
  return `${sign}${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/** A number rounded to so many digits; halves to even, as numpy has it, where JavaScript rounds them up. */
function toEven(value: number, spell: (digits: number) => string, digits: number): string {
  const text = spell(digits);
  const [mantissa, exponent] = text.split("e") as [string, string | undefined];
  // A half has nothing but zeros after the 5, and no double is closer to one than twenty digits show.
  const more = spell(digits + 20).split("e")[0]!;
  if (!/50{19}$/.test(more) || !/[13579]$/.test(mantissa)) return text;
  const lower = more.slice(0, -20);
  const tail = exponent === undefined ? "" : `e${exponent}`;
  return Number(lower + tail) === value ? text : lower.replace(/\.$/, "") + tail;
}

/** All with as many digits as the longest needs, and exponents of one width. */
function scientificSpeller(
  values: readonly number[],
  digitsOf: (value: number) => string,
): (value: number) => string {
  const parts = values.map(digitsOf).map((digits) => digits.split("e") as [string, string]);
  const decimals = Math.min(
    PRECISION,
    parts.reduce((most, [fraction]) => Math.max(most, fraction.length - 2), 0),
  );
  const width = parts.reduce((most, [, exponent]) => Math.max(most, exponent.length - 1), 2);
  return (value) => {
    const digits = digitsOf(value);
    // Where the shortest spelling ends before the others do, the number's own digits go on.
    const fits = digits.indexOf("e") - 2 === decimals;
    const text = fits ? digits : toEven(Math.abs(value), (n) => Math.abs(value).toExponential(n), decimals);
    const [fraction, exponent] = text.split("e") as [string, string];
    return `${fraction.includes(".") ? fraction : `${fraction}.`}e${exponent[0]}${exponent.slice(1).padStart(width, "0")}`;
  };
}

function split(text: string): [whole: string, fraction: string] {
  const at = text.indexOf(".");
  return [text.slice(0, at), text.slice(at + 1)];
}
