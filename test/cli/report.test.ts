import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { save, Tensor } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const p2s = commandIn(folder);

beforeAll(async () => {
  await writeModels(folder);
});

async function report(...args: string[]): Promise<string> {
  const { code, stderr } = await p2s(["report", ...args, "-o", "report.html"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return readFileSync(at("report.html"), "utf8");
}

describe("p2s report", () => {
  it("has each tensor with the figures that stats prints, and a histogram", async () => {
    const html = await report("model.safetensors");
    const { stdout } = await p2s(["stats", "model.safetensors", "--all", "--json"]);
    const { tensors } = JSON.parse(stdout) as { tensors: { name: string; mean: number; std: number }[] };
    expect(tensors.length).toBeGreaterThan(10);
    for (const { name, mean, std } of tensors) {
      expect(html).toContain(`<td>${name}</td>`);
      expect(html).toContain(`<td>${mean}</td>`);
      expect(html).toContain(`<td>${std}</td>`);
      expect(html).toContain(`Histogram of ${name}`);
    }
  });

  it("is one page without code that fetches nothing", async () => {
    const html = await report("model.safetensors");
    expect(html).toContain("default-src &#39;none&#39;".replaceAll("&#39;", "'"));
    expect(html).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|style=|url\(|@import/i);
    // The name of SVG's namespace is the only address in it.
    const addresses = [...html.matchAll(/https?:[^"' )]+/g)].map(([address]) => address);
    expect(new Set(addresses)).toEqual(new Set(["http://www.w3.org/2000/svg"]));
  });

  it("takes names and metadata for text", async () => {
    const hostile = '<img src=x onerror="hack()">&\u202e</title>';
    const tensors = { [hostile]: Tensor.from([1]), __proto__x: Tensor.from([2]) };
    writeFileSync(at("hostile.safetensors"), save(tensors, { metadata: { [hostile]: hostile } }));
    const html = await report("hostile.safetensors");
    expect(html).not.toMatch(/<img/);
    expect(html).not.toContain("\u202e");
    expect(html).toContain("&#60;img src=x onerror=&#34;hack()&#34;&#62;&#38;\\u202e");
  });

  it("leaves values out where it is told to, and takes what a pattern selects", async () => {
    const html = await report("model.safetensors", "--no-values", "--only", "embedding");
    expect(html).toContain("embedding");
    expect(html).not.toContain("Histogram of");
    expect(html).not.toContain("<b>layers</b>");
  });

  it("does not replace what it reads", async () => {
    const before = readFileSync(at("model.safetensors"));
    const { code, stderr } = await p2s(["report", "model.safetensors", "-o", "model.safetensors"]);
    expect(code).toBe(2);
    expect(stderr).toContain("which it reads");
    expect(readFileSync(at("model.safetensors")).equals(before)).toBe(true);
  });
});

describe("p2s stats --plot", () => {
  it("writes a histogram of each line that it prints", async () => {
    const { code, stdout } = await p2s(["stats", "model.safetensors", "--plot", "plot.svg"]);
    expect(code).toBe(0);
    const svg = readFileSync(at("plot.svg"), "utf8");
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    // The heading and the line for all together have none.
    const lines = stdout.trimEnd().split("\n").length - 2;
    expect(svg.split("<title>Histogram of ").length - 1).toBe(lines);
  });
});
