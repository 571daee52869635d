import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import type { Consumer } from "../runtimes/consumer.ts";
import { root } from "../runtimes/npm.ts";

/** Bundles the page's and the worker's program with the installed package, as a web developer's bundler would. */
export async function bundlePages(consumer: Consumer, outdir: string): Promise<void> {
  mkdirSync(outdir, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    tsconfigRaw: {},
    entryPoints: ["test/browser/page.ts", "test/browser/worker.ts", "test/browser/trainer.ts"],
    outdir,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    metafile: true,
    logLevel: "warning",
    plugins: [installed(consumer)],
  });
  const inputs = Object.keys(metafile.inputs);
  const foreign = inputs.filter((path) => path.endsWith(".node.js") || path.startsWith("src/"));
  if (foreign.length > 0 || !inputs.some((path) => path.endsWith("/dist/index.js"))) {
    throw new Error(`the bundle is to have the package's browser form, found ${foreign.join(", ")}`);
  }
  const page =
    '<!doctype html><meta charset="utf-8"><title>Tests</title><script type="module" src="page.js"></script>';
  writeFileSync(join(outdir, "index.html"), page);
}

/** The package as installed, not this project's own sources. */
export function installed(consumer: Consumer): Plugin {
  return {
    name: "installed",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^pytree2safetensors/ }, ({ path, kind, pluginData }) =>
        pluginData === "installed"
          ? undefined
          : resolve(path, { kind, resolveDir: consumer.folder, pluginData: "installed" }),
      );
    },
  };
}
