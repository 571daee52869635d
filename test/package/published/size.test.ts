import { describe, expect, inject, it } from "vitest";
import { bundle } from "../../../scripts/sizes/bundle.ts";
import { codeOf, SIZE_JOBS } from "../../../scripts/sizes/jobs.ts";

// What is in a bundle, room by room: `npx tsx scripts/sizes.ts [--files]`.
describe("what a page pays for a job, minified and gzipped", () => {
  const jobs = SIZE_JOBS.map((job) => ({
    ...job,
    bundled: bundle(codeOf(job, "pytree2safetensors"), inject("consumer")),
  }));

  it.each(jobs)("$what: at most $ceiling bytes", async ({ bundled, ceiling }) => {
    expect((await bundled).gzipped).toBeLessThanOrEqual(ceiling);
  });

  it.each(jobs)("$what: nothing that it doesn't need", async ({ bundled, without }) => {
    const { code } = await bundled;
    expect(without.filter((text) => code.includes(text))).toEqual([]);
  });

  it("is told by texts that the package has", async () => {
    const everything = ["", "/jax-js", "/tfjs"].map((entry) => `export * from "pytree2safetensors${entry}";`);
    const codes = await Promise.all(everything.map((code) => bundle(code, inject("consumer"))));
    const texts = new Set(SIZE_JOBS.flatMap(({ without }) => without));
    expect([...texts].filter((text) => !codes.some(({ code }) => code.includes(text)))).toEqual([]);
  });
});
