// Bundles a few lines of code that use the package, as a page would load them, and says what is in the bundle.
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

/** A bundle for browsers, minified. */
export interface Bundle {
  readonly code: string;
  /** Its bytes after gzip. */
  readonly gzipped: number;
  /** The bytes, before gzip, that each of the package's files puts into it. */
  readonly files: ReadonlyMap<string, number>;
}

/** Bundles `code` for browsers, minified; packages are looked up from the folder `from`. Frameworks stay outside. */
export async function bundle(code: string, from: string, plugins: Plugin[] = []): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: from },
    absWorkingDir: from,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
    external: ["@jax-js/jax", "@tensorflow/tfjs-core"],
    plugins,
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  const files = Object.entries(output!.inputs).map(([path, { bytesInOutput }]): [string, number] => {
    const [, file] = /(?:^|\/)(?:src|dist)\/(.+)\.[jt]s$/.exec(path) ?? [];
    return [file ?? path, bytesInOutput];
  });
  return {
    code: outputFiles[0]!.text,
    gzipped: gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength,
    files: new Map(files.filter(([, bytes]) => bytes > 0)),
  };
}
