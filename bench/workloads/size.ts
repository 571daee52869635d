import process from "node:process";
import { bundle } from "../../scripts/sizes/bundle.ts";
import { codeOf, SIZE_JOBS } from "../../scripts/sizes/jobs.ts";
import type { Fact } from "../report-types.ts";
import type { Workload } from "../workload.ts";

// `Tensor` keeps its methods, which bundlers can't drop, and errors keep their words: `docs/decisions.md`.
const WHY =
  "`Tensor` keeps the methods that people expect of it, which bundlers can't drop; error messages are 8 % of a bundle.";

export const size: Workload = {
  name: "size",
  async run(context) {
    context.log("size: bundles for browsers");
    const facts: Fact[] = [];
    for (const job of SIZE_JOBS) {
      const { gzipped } = await bundle(codeOf(job, "./src"), process.cwd());
      facts.push({
        what: job.what,
        got: kilobytes(gzipped),
        reach: `≤ ${kilobytes(job.ceiling)}`,
        ok: gzipped <= job.ceiling,
        why: WHY,
      });
    }
    return {
      title: "Size",
      intro: "What a page loads for a job: bundled by esbuild, minified and gzipped, the framework left out.",
      facts,
    };
  },
};

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
