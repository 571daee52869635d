import { resolve } from "node:path";

// Rspack reads the same file.
const bundler = process.env.BUNDLER;

export default {
  mode: "production",
  target: ["web", "es2022"],
  stats: "errors-warnings",
  entry: { [process.env.ENTRY]: `./${process.env.ENTRY}.js` },
  experiments: { outputModule: true },
  output: { path: resolve(`out/${bundler}`), filename: "[name].mjs", module: true, chunkFormat: "module" },
};
