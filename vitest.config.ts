import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

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
    projects: [
      {
        extends: true,
        test: { name: "library", include: ["test/**/*.test.ts"], exclude: ["test/package/published/**"] },
      },
      {
        // The package as npm would publish it: built and packed once, before the first of these tests.
        extends: true,
        test: {
          name: "package",
          include: ["test/package/published/*.test.ts"],
          globalSetup: "test/package/published/pack.ts",
        },
      },
    ],
  },
});
