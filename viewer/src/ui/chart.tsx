// Shows a chart of the command's code as elements, and takes it away as SVG or PNG.
import { h, type VNode } from "preact";
import { type Shape, svgText } from "../../../src/cli/charts/shape.ts";
import { drawShape } from "./draw-shape.ts";
import { saveBlob } from "./save.ts";

/** A chart, with buttons to take it away. */
export function Chart({ chart, name }: { readonly chart: Shape; readonly name: string }) {
  return (
    <figure class="chart">
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
