import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The tests of the rooms that Stryker mutates, and none that starts programs or measures memory.
export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^pytree2safetensors$/,
        replacement: fileURLToPath(new URL("../../src/index.node.ts", import.meta.url)),
      },
    ],
  },
  test: {
    testTimeout: 60_000,
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: [
      "test/format/**/*.test.ts",
      "test/tree/**/*.test.ts",
      "test/fixtures/**/*.test.ts",
      "test/reliability/{trees,survivors}.test.ts",
    ],
    // What is large takes minutes once every statement counts how often it runs.
    exclude: ["test/format/{bombs,large}.test.ts"],
    // Modules are loaded once: mutants that would need it anew, those of static code, are left out.
    isolate: false,
  },
});
