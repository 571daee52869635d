import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { SIZE_JOBS } from "../../scripts/sizes/jobs.ts";

// `test/package/published/size.test.ts` holds the ceilings themselves.
it("the README's table of sizes has the ceilings of scripts/sizes/jobs.ts", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const ceilings = new Map(SIZE_JOBS.map(({ what, ceiling }) => [what, ceiling / 1000]));
  const rows = [...readme.matchAll(/^\| `(\{[^}]*\})`(?: of `(\/[^`]*)`)? \| ([\d.]+) \|$/gm)].map(
    ([, names, entry, size]) => [entry === undefined ? names : `${names} of ${entry}`, Number(size)] as const,
  );
  expect(rows.length).toBeGreaterThan(4);
  for (const [what, size] of rows) expect([what, ceilings.get(what!)]).toEqual([what, size]);
});
