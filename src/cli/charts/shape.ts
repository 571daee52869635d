/** Charts as plain values that the command writes as SVG text and the page renders as elements or on a canvas. */

/** An element of a chart. Attributes are presentation attributes, never `style`, which strict pages refuse. */
export interface Shape {
  readonly tag: "svg" | "g" | "rect" | "path" | "line" | "circle" | "text" | "title";
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children?: readonly Shape[];
  readonly text?: string;
}

/** Makes an element. */
export function shape(
  tag: Shape["tag"],
  attributes: Shape["attributes"],
  content?: string | readonly Shape[],
): Shape {
  if (content === undefined) return { tag, attributes };
  return typeof content === "string"
    ? { tag, attributes, text: content }
    : { tag, attributes, children: content };
}

/** A chart that stands alone: the outermost element, with a title that screen readers say. */
export function chart(width: number, height: number, title: string, children: readonly Shape[]): Shape {
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "font-family": "system-ui, sans-serif",
    "font-size": 11,
    color: "#333333",
  };
  return shape("svg", attributes, [shape("title", {}, title), ...children]);
}

/** A chart as the text of an SVG file. */
export function svgText({ tag, attributes, children = [], text = "" }: Shape): string {
  const spelled = Object.entries(attributes).map(
    ([name, value]) => ` ${name}="${escapeMarkup(String(value))}"`,
  );
  const inner = escapeMarkup(text) + children.map(svgText).join("");
  return inner === "" ? `<${tag}${spelled.join("")}/>` : `<${tag}${spelled.join("")}>${inner}</${tag}>`;
}

/** Text as HTML and SVG show it, whatever is in it. */
export function escapeMarkup(text: string): string {
  return (
    text
      // Characters that XML has no way to write.
      .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
      .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
  );
}

/** Rounds a coordinate, so that files stay small. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Colours that people with colour blindness can tell apart (Okabe and Ito). */
export const SERIES_COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;
