// The legend of a heat map: the colours with the values at their ends.
import { useEffect, useRef } from "preact/hooks";
import { formatNumber } from "../../../src/cli/terminal/numbers.ts";
import { colorize, type Range, type ScaleName } from "./colors.ts";

const STEPS = 64;

/** A bar of all colours, the greatest value on top. */
export function HeatLegend({ range, scale }: { readonly range: Range; readonly scale: ScaleName }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const values = Float64Array.from({ length: STEPS }, (_, i) => 1 - i / (STEPS - 1));
    context.putImageData(new ImageData(colorize(values, { low: 0, high: 1 }, scale), 1, STEPS), 0, 0);
  }, [scale]);
  return (
    <div class="legend">
      <span>{formatNumber(range.high)}</span>
      <canvas ref={canvas} width={1} height={STEPS} />
      <span>{formatNumber(range.low)}</span>
    </div>
  );
}
