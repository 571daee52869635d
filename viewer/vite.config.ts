// Builds the page into dist/viewer: static files that run from any folder, with no inline code.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("./"),
  base: "./",
  mode: "production",
  // Development's form of JSX has the paths of the sources in it; the mode of whoever builds must not choose it.
  oxc: { jsx: { runtime: "automatic", importSource: "preact", development: false } },
  resolve: {
    // The command's modules import the library as Node gets it; the page takes the browsers' form of the same names.
    alias: [{ find: /^.*\/index\.node\.ts$/, replacement: here("../src/index.ts") }],
  },
  worker: { format: "es" },
  build: {
    outDir: here("../dist/viewer"),
    emptyOutDir: true,
    target: "es2022",
    // Data URLs and inline scripts are what a strict content security policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
