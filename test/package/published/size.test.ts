import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, inject, it } from "vitest";

/** Bytes of `code` bundled for browsers from the published package, minified and gzipped. */
async function gzipped(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: inject("consumer") },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    external: ["@jax-js/jax", "@tensorflow/tfjs-core"],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength;
}

// Above the design's 20 kB and 6 kB: docs/decisions.md says what the bytes are and why they stay.
describe("the size in a browser, minified and gzipped", () => {
  it.each([
    ["everything at the root", 'export * from "pytree2safetensors"', 46_500],
    ["load alone", 'export { load } from "pytree2safetensors"', 12_000],
  ])("of %s is within its ceiling", async (_, code, ceiling) => {
    expect(await gzipped(code)).toBeLessThanOrEqual(ceiling);
  });

  it.each(["jax-js", "tfjs"])("of the %s entry is at most 2 kB more than the root's", async (entry) => {
    const root = await gzipped('export * from "pytree2safetensors"');
    const bound = await gzipped(`export * from "pytree2safetensors/${entry}"`);
    expect(bound - root).toBeLessThanOrEqual(2_000);
  });
});
