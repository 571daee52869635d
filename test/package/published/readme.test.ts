import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { describe, expect, inject, it } from "vitest";

const root = join(import.meta.dirname, "../../..");

interface Example {
  readonly title: string;
  readonly code: string;
  /** What it prints, from the ```text block behind it; undefined if the page doesn't say. */
  readonly printed: string | undefined;
}

const PAGES = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`),
].filter((page) => page.endsWith(".md"));

/** The blocks of a page that are marked ```ts run, with the ```text block that follows each, if one does. */
function examplesOf(page: string): Example[] {
  const text = readFileSync(join(root, page), "utf8").replaceAll("\r\n", "\n");
  const block = /^```ts run\n(.*?)^```\n(?:\s*```text\n(.*?)^```$)?/gms;
  return [...text.matchAll(block)].map(([, code, printed], i) => ({
    title: `${page}, example ${i + 1}`,
    code: code!,
    printed,
  }));
}

/** Runs TypeScript against the published package in a folder of its own; gives what it prints. */
function run(code: string): string {
  const folder = mkdtempSync(join(inject("consumer"), "example-"));
  const { code: javascript } = transformSync(code, { loader: "ts", format: "esm", target: "node20" });
  writeFileSync(join(folder, "example.mjs"), javascript);
  return execFileSync(process.execPath, ["example.mjs"], { cwd: folder, encoding: "utf8" });
}

describe("the examples that the documentation shows", () => {
  const examples = PAGES.flatMap(examplesOf);

  it("start with examples/quickstart.ts", () => {
    const quickstart = readFileSync(join(root, "examples/quickstart.ts"), "utf8");
    expect(examples[0]).toMatchObject({ title: "README.md, example 1", code: quickstart });
    expect(examples[0]!.printed).toBeDefined();
  });

  it.each(examples)("$title runs and prints what the page says", ({ code, printed }) => {
    const output = run(code);
    if (printed !== undefined) expect(output).toBe(printed);
  });
});
