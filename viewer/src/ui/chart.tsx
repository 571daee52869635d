// Shows a chart of the command's code as elements, and takes it away as SVG or PNG.
import { h, type VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Shape, svgText } from "../../../src/cli/charts/shape.ts";
import { drawShape } from "./draw-shape.ts";
import { saveBlob } from "./save.ts";

/** How a chart is drawn at a width, and the name of the files that it is saved as. */
export interface ChartProps {
  readonly draw: (width: number) => Shape;
  readonly name: string;
}

// Narrower charts have no room for labels, wider ones are no clearer.
const WIDTHS = { least: 260, most: 720 };

/** A chart as wide as there is room for, with buttons to take it away. */
export function Chart({ draw, name }: ChartProps) {
  const figure = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(560);
  useLayoutEffect(() => {
    const measure = () =>
      setWidth(Math.round(Math.min(WIDTHS.most, Math.max(WIDTHS.least, figure.current!.clientWidth))));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(figure.current!);
    return () => observer.disconnect();
  }, []);
  const chart = draw(width);
  return (
    <figure class="chart" ref={figure}>
      {elementOf(chart)}
      <figcaption class="tools">
        <button type="button" onClick={() => saveBlob(svgBlob(chart), `${name}.svg`)}>
          SVG
        </button>
        <button type="button" onClick={async () => saveBlob(await drawShape(chart), `${name}.png`)}>
          PNG
        </button>
      </figcaption>
    </figure>
  );
}

function elementOf({ tag, attributes, children = [], text }: Shape): VNode {
  return h(tag, { ...attributes }, text, ...children.map(elementOf));
}

function svgBlob(chart: Shape): Blob {
  return new Blob([svgText(chart)], { type: "image/svg+xml" });
}
