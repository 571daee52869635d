import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** What counts the steps or the memory of its whole process, or needs one in which nothing else was loaded. */
const ALONE = [
  "test/cli/growth.test.ts",
  "test/guards/*.test.ts",
  "test/io/browser.test.ts",
  "test/reliability/memory.test.ts",
];
const PUBLISHED = "test/package/published/*.test.ts";

const src = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^pytree2safetensors$/, replacement: src("index.node.ts") },
      { find: /^pytree2safetensors\/jax-js$/, replacement: src("adapters/jax-js.node.ts") },
      { find: /^pytree2safetensors\/s3$/, replacement: src("s3.node.ts") },
      { find: /^pytree2safetensors\/tfjs$/, replacement: src("adapters/tfjs.node.ts") },
      { find: /^pytree2safetensors\/training$/, replacement: src("training/index.node.ts") },
    ],
  },
  test: {
    testTimeout: 60_000,
    setupFiles: ["test/setup.ts"],
    // One core fewer is the default, and with two of them half of the machine.
    maxWorkers: "100%",
    // Starting a process and loading the library for each file took most of the time.
    isolate: false,
    projects: [
      {
        extends: true,
        test: { name: "library", include: ["test/**/*.test.ts"], exclude: [PUBLISHED, ...ALONE] },
      },
      { extends: true, test: { name: "alone", include: ALONE, isolate: true } },
      {
        // The package as npm would publish it: built and packed once, before the first of these tests.
        extends: true,
        test: { name: "package", include: [PUBLISHED], globalSetup: "test/package/published/pack.ts" },
      },
    ],
  },
});
