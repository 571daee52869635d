export default {
  logLevel: "warn",
  build: {
    outDir: "out/vite",
    emptyOutDir: false,
    modulePreload: false,
    rollupOptions: { input: `${process.env.ENTRY}.js`, output: { entryFileNames: "[name].mjs" } },
  },
};
