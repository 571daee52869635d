import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { GOALS } from "../../bench/goals.ts";
import { QUESTIONS } from "../../bench/questions.ts";
import { keptResults, pagesOf } from "../../bench/results.ts";
import { WORKLOAD_NAMES } from "../../bench/workload.ts";

const ROW = /^\| (.+?) \| (.+?) \|(?:[^|]*\|)? ([\d.]+×)/gm;

const results = keptResults(fileURLToPath(new URL("../../bench/results", import.meta.url)));

function textOf(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}

function ratiosIn(file: string): string[] {
  return Array.from(
    textOf(file).matchAll(ROW),
    ([, what, against, ratio]) => `${what} | ${against} | ${ratio}`,
  );
}

it("the README's ratios are those of docs/benchmarks-full.md", () => {
  const measured = new Set(ratiosIn("docs/benchmarks-full.md"));
  const claimed = ratiosIn("README.md");
  expect(claimed).toHaveLength(5);
  expect(claimed.filter((row) => !measured.has(row))).toEqual([]);
});

describe("the pages of the benchmarks", () => {
  it.each(Object.entries(pagesOf(results)))("are what bench/results gives: %s", (path, text) => {
    expect(textOf(path)).toBe(text);
  });

  it("leave the short one short enough to read", () => {
    expect(textOf("docs/benchmarks.md").split("\n").length).toBeLessThan(160);
  });

  it("ask of workloads that there are", () => {
    const asked = [
      ...GOALS.map(({ rows }) => rows.workload),
      ...QUESTIONS.flatMap(({ lines }) => lines.map(([, , rows]) => rows.workload)),
    ];
    expect(asked.filter((name) => !WORKLOAD_NAMES.includes(name))).toEqual([]);
  });
});
