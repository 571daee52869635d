// Colour scales for heat maps; all of them can be read with colour blindness.
import { interpolateCividis, interpolateRdBu, interpolateViridis } from "d3-scale-chromatic";

/** The scales that a person can choose from. */
export const SCALES = {
  viridis: { title: "viridis", diverging: false, colorAt: interpolateViridis },
  cividis: { title: "cividis", diverging: false, colorAt: interpolateCividis },
  redBlue: {
    title: "blue to red, zero white",
    diverging: true,
    colorAt: (t: number) => interpolateRdBu(1 - t),
  },
} as const;

/** The name of a scale. */
export type ScaleName = keyof typeof SCALES;

// As many as a screen can show apart.
const STEPS = 256;
// Values that are no numbers: the one colour that is in none of the scales.
const NOT_A_NUMBER = [255, 0, 255] as const;

/** The colours of a scale as bytes, red, green and blue; the last one is that of NaN. */
export function paletteOf(scale: ScaleName): Uint8Array {
  const palette = new Uint8Array(3 * (STEPS + 1));
  for (let i = 0; i < STEPS; i++) palette.set(parseColor(SCALES[scale].colorAt(i / (STEPS - 1))), 3 * i);
  palette.set(NOT_A_NUMBER, 3 * STEPS);
  return palette;
}

function parseColor(color: string): readonly number[] {
  const hex = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(color);
  if (hex) return hex.slice(1).map((part) => Number.parseInt(part, 16));
  return (color.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

/** The range of values that a scale covers. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** From the least to the greatest finite value; for a diverging scale as far on either side of zero. */
export function rangeOf(values: Float64Array, diverging: boolean): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { low: 0, high: 1 };
  if (!diverging) return { low, high };
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return { low: -most, high: most };
}

/** Colours of values, as a canvas takes them. */
export function colorize(
  values: Float64Array,
  { low, high }: Range,
  scale: ScaleName,
): Uint8ClampedArray<ArrayBuffer> {
  const palette = paletteOf(scale);
  const pixels = new Uint8ClampedArray(4 * values.length);
  const factor = high > low ? (STEPS - 1) / (high - low) : 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const place = Number.isNaN(value)
      ? STEPS
      : Math.round(Math.min(STEPS - 1, Math.max(0, high > low ? (value - low) * factor : STEPS / 2)));
    pixels[4 * i] = palette[3 * place]!;
    pixels[4 * i + 1] = palette[3 * place + 1]!;
    pixels[4 * i + 2] = palette[3 * place + 2]!;
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}
