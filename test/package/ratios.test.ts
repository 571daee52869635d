import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const ROW = /^\| (.+?) \| (.+?) \|(?:[^|]*\|)? ([\d.]+×)/gm;

function ratiosIn(file: string): string[] {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  return Array.from(text.matchAll(ROW), ([, what, against, ratio]) => `${what} | ${against} | ${ratio}`);
}

it("the README's ratios are those of docs/benchmarks.md", () => {
  const measured = new Set(ratiosIn("docs/benchmarks.md"));
  const claimed = ratiosIn("README.md");
  expect(claimed).toHaveLength(5);
  expect(claimed.filter((row) => !measured.has(row))).toEqual([]);
});
