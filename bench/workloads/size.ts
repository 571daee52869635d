import process from "node:process";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Fact } from "../report-types.ts";
import type { Workload } from "../workload.ts";

const WHY =
  "The whole root is its features, before gzip in kB: trees and structure metadata 36 of 121, checkpoints 27, the format 24, sources and sinks with retries and OPFS 19, tensors 14. Of `load` alone, half is `Tensor`, whose `cast`, `from` and `toArray` are methods, which bundlers can't drop, and bring the exact conversions of every small float; the other half is the strict header scanner with its reports. The numbers would take free functions in place of methods, and error messages without words: `docs/decisions.md`.";

const ENTRIES = [
  { what: "everything at the root", code: 'export * from "./src/index.ts"', reach: 20 },
  { what: "`{ load }` alone", code: 'export { load } from "./src/index.ts"', reach: 6 },
] as const;

export const size: Workload = {
  name: "size",
  async run(context) {
    context.log("size: bundles for browsers");
    const facts: Fact[] = [];
    for (const { what, code, reach } of ENTRIES) {
      const bytes = await gzipped(code);
      const reached = bytes <= reach * 1000;
      facts.push({ what, got: kilobytes(bytes), reach: `≤ ${reach} kB`, ok: reached, why: WHY });
    }
    const root = await gzipped(ENTRIES[0].code);
    const more = (await gzipped('export * from "./src/adapters/jax-js.ts"')) - root;
    facts.push({
      what: "the jax-js entry above that",
      got: kilobytes(more),
      reach: "≤ 2 kB",
      ok: more <= 2_000,
    });
    return {
      title: "Size",
      intro: "What a page loads: bundled by esbuild, minified and gzipped.",
      facts,
    };
  },
};

async function gzipped(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    external: ["@jax-js/jax"],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
