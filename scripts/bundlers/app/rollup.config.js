import { nodeResolve } from "@rollup/plugin-node-resolve";

export default {
  input: `${process.env.ENTRY}.js`,
  output: { dir: "out/rollup", entryFileNames: "[name].mjs", inlineDynamicImports: true },
  plugins: [nodeResolve({ browser: true })],
};
