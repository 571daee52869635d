import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^pytree2safetensors$/, replacement: src("index.node.ts") },
      { find: /^pytree2safetensors\/jax-js$/, replacement: src("adapters/jax-js.node.ts") },
      { find: /^pytree2safetensors\/tfjs$/, replacement: src("adapters/tfjs.node.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
  },
});
