// Draws a chart on a canvas: an image of it would need an address that a strict page refuses.
import type { Shape } from "../../../src/cli/charts/shape.ts";

// Sharp on screens with many pixels, and in documents.
const SCALE = 2;

/** A chart as a PNG with a white background. */
export async function drawShape(chart: Shape): Promise<Blob> {
  const [width, height] = [Number(chart.attributes.width), Number(chart.attributes.height)];
  const canvas = document.createElement("canvas");
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  const context = canvas.getContext("2d")!;
  context.scale(SCALE, SCALE);
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.font = `${chart.attributes["font-size"]}px system-ui, sans-serif`;
  draw(context, chart, String(chart.attributes.color));
  return pngOf(canvas);
}

/** A canvas as a PNG. */
export function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large"))),
      "image/png",
    );
  });
}

function draw(
  context: CanvasRenderingContext2D,
  { tag, attributes, children = [], text }: Shape,
  ink: string,
): void {
  const number = (name: string) => Number(attributes[name] ?? 0);
  const color = (name: string) => {
    const value = attributes[name];
    return value === undefined || value === "none" ? undefined : String(value).replace("currentColor", ink);
  };
  const path = pathOf(tag, attributes, number);
  const fill = color("fill");
  const stroke = color("stroke");
  if (path && fill) {
    context.globalAlpha = Number(attributes["fill-opacity"] ?? 1);
    context.fillStyle = fill;
    context.fill(path);
  }
  if (path && stroke) {
    context.globalAlpha = Number(attributes["stroke-opacity"] ?? 1);
    context.strokeStyle = stroke;
    context.lineWidth = Number(attributes["stroke-width"] ?? 1);
    context.stroke(path);
  }
  if (tag === "text") {
    context.globalAlpha = Number(attributes["fill-opacity"] ?? 1);
    context.fillStyle = fill ?? ink;
    const anchor = attributes["text-anchor"];
    context.textAlign = anchor === "middle" ? "center" : anchor === "end" ? "right" : "left";
    context.fillText(text ?? "", number("x"), number("y"));
  }
  context.globalAlpha = 1;
  for (const child of children) draw(context, child, ink);
}

function pathOf(
  tag: Shape["tag"],
  attributes: Shape["attributes"],
  number: (name: string) => number,
): Path2D | undefined {
  if (tag === "path") return new Path2D(String(attributes.d));
  const path = new Path2D();
  if (tag === "rect") path.rect(number("x"), number("y"), number("width"), number("height"));
  else if (tag === "circle") path.arc(number("cx"), number("cy"), number("r"), 0, 2 * Math.PI);
  else if (tag === "line") {
    path.moveTo(number("x1"), number("y1"));
    path.lineTo(number("x2"), number("y2"));
  } else return undefined;
  return path;
}
