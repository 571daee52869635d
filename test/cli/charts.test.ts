import { describe, expect, it } from "vitest";
import { drawCurves } from "../../src/cli/charts/curves.ts";
import { drawHistogram } from "../../src/cli/charts/histogram.ts";
import { escapeMarkup, type Shape, svgText } from "../../src/cli/charts/shape.ts";
import { drawSpark } from "../../src/cli/charts/spark.ts";

function find(chart: Shape, tag: string): Shape[] {
  const below = (chart.children ?? []).flatMap((child) => find(child, tag));
  return chart.tag === tag ? [chart, ...below] : below;
}

describe("drawHistogram", () => {
  const bins = { edges: [0, 1, 2, 3, 4], counts: [1, 0, 100, 10_000] };

  it("draws a bar for each bin that has something in it, with its range and count", () => {
    const bars = find(drawHistogram(bins, { title: "t" }), "rect");
    expect(bars.map((bar) => bar.children?.[0]?.text)).toEqual([
      "0 to 1: 1",
      "2 to 3: 100",
      "3 to 4: 10,000",
    ]);
  });

  it("shows rare values on a logarithmic scale, and never as nothing on a linear one", () => {
    const heights = (log: boolean) =>
      find(drawHistogram(bins, { title: "t", log }), "rect").map(({ attributes }) =>
        Number(attributes.height),
      );
    expect(Math.min(...heights(false))).toBeGreaterThanOrEqual(1);
    expect(Math.min(...heights(true))).toBeGreaterThan(10);
  });

  it("says so where there is no finite value", () => {
    const chart = drawHistogram({ edges: [], counts: [] }, { title: "t" });
    expect(find(chart, "text").map(({ text }) => text)).toEqual(["no finite values"]);
  });

  it("stays inside its frame for bins at the ends of what doubles hold", () => {
    for (const edges of [
      [-Number.MAX_VALUE, 0, Number.MAX_VALUE],
      [5e-324, 1e-323, 1.5e-323],
      [1e300, 1e301, 2e301],
    ]) {
      const chart = drawHistogram({ edges, counts: [3, 4] }, { title: "t" });
      for (const { attributes } of find(chart, "rect")) {
        expect(Number(attributes.x)).toBeGreaterThanOrEqual(0);
        expect(Number(attributes.x) + Number(attributes.width)).toBeLessThanOrEqual(560);
      }
      expect(svgText(chart)).not.toContain("NaN");
    }
  });
});

describe("drawCurves", () => {
  it("leaves a gap where a number is missing", () => {
    const points = [1, Number.NaN, 3, 4].map((y, x) => ({ x, y }));
    const [path] = find(drawCurves([{ name: "loss", points }], { title: "t", caption: "step" }), "path");
    expect(String(path!.attributes.d).split("M").length - 1).toBe(2);
  });

  it("draws a single point, none at all, and the ends of what doubles hold", () => {
    const [most, least] = [Number.MAX_VALUE, 5e-324];
    const extremes = [-most, most, least].map((y, x) => ({ x, y }));
    for (const points of [[{ x: 3, y: 3 }], [], [{ x: 0, y: least }], extremes]) {
      expect(svgText(drawCurves([{ name: "a", points }], { title: "t", caption: "step" }))).not.toMatch(
        /NaN|undefined/,
      );
    }
  });
});

describe("drawSpark", () => {
  it("shows every bin that has something in it", () => {
    const [path] = find(drawSpark([1, 0, 1_000_000]), "path");
    expect(String(path!.attributes.d).split("M").length - 1).toBe(2);
  });
});

describe("svgText", () => {
  it("writes text as text, whatever is in it", () => {
    expect(escapeMarkup('<a b="c">\'&\u0000')).toBe("&#60;a b=&#34;c&#34;&#62;&#39;&#38;\ufffd");
  });
});
