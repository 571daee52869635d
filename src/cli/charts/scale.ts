/** Linear scales over any range of doubles, those whose ends overflow or underflow a difference included. */
import { scaleLinear } from "d3-scale";

/** A scale from values to coordinates. */
export interface Scale {
  at(value: number): number;
  ticks(count: number): readonly { readonly at: number; readonly value: number }[];
}

/** A linear scale; a `nice` one begins and ends at round numbers. */
export function linearScale(
  [low, high]: readonly [number, number],
  range: readonly [number, number],
  { nice }: { readonly nice?: number } = {},
): Scale {
  const unit = unitOf(low, high);
  const scale = scaleLinear([low / unit, high / unit], range);
  if (nice !== undefined) scale.nice(nice);
  return {
    at: (value) => scale(value / unit),
    ticks: (count) =>
      scale
        .ticks(count)
        .map((value) => ({ at: scale(value), value: value * unit }))
        .filter(({ value }) => Number.isFinite(value)),
  };
}

// Ticks take powers and quotients of a range; far from the ends of doubles these are numbers again.
function unitOf(low: number, high: number): number {
  const most = Math.max(Math.abs(low), Math.abs(high));
  if (most > 2 ** 900) return 2 ** 200;
  return most < 2 ** -900 ? 2 ** -200 : 1;
}
