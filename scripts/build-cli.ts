// Bundles the command line into dist/cli/, with the libraries it uses: the package's `dependencies` stay empty.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));

// commander is CommonJS and requires Node's own modules, for which ES modules have no `require`. A real one takes
// milliseconds to make. Of child processes, it has use for commands that are programs of their own, which there are none of.
const BANNER =
  'const require = (name) => (name === "node:child_process" ? {} : process.getBuiltinModule(name));';

/**
 * Makes what takes long to make when it is first used: the grapheme segmenter of ICU, and the regular expression of all
 * emoji, take most of the time in which a command starts. Only texts beyond ASCII need them.
 */
const lazyUnicode: Plugin = {
  name: "lazy unicode",
  setup({ onLoad }) {
    onLoad({ filter: /node_modules[\\/](string-width|slice-ansi)[\\/][^\\/]+\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8")
        .replace(
          /^const (\w+) = (new Intl\.Segmenter\([^;\n]*\));$/gm,
          "let lazy_$1; const $1 = { segment: (text) => (lazy_$1 ??= $2).segment(text) };",
        )
        .replace(
          /^const (\w+) = \/(.*\\p\{RGI_Emoji\}.*)\/(\w+);$/gm,
          (_, name, source, flags) =>
            `let lazy_${name}; const ${name} = { test: (text) => (lazy_${name} ??= new RegExp(${JSON.stringify(source)}, "${flags}")).test(text) };`,
        ),
    }));
  },
};

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Bundles `src/cli/main.ts` and its commands into `outdir`, with the licences of what is in the bundle. */
export async function buildCli(outdir: string): Promise<void> {
  // The names of chunks change with what is in them.
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["src/cli/main.ts"],
    outdir,
    bundle: true,
    // Each command loads what it needs and no more.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    // The package declares its built files alone as having side effects; here it is bundled from source.
    ignoreAnnotations: true,
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: BANNER },
    plugins: [lazyUnicode],
    metafile: true,
    logLevel: "warning",
  });
  chmodSync(join(outdir, "main.js"), 0o755);
  writeFileSync(join(outdir, "LICENSES.txt"), licenses(metafile));
}

/** The licence texts that the bundled packages ask to be kept with copies of them. */
function licenses(metafile: Metafile): string {
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap((file) => /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []),
  );
  return [...packages]
    .sort()
    .map((folder) => {
      const path = join(root, folder);
      const { name, version, license, author } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
      const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
      // A package may declare a licence and leave its text out.
      if (file === undefined && license !== "MIT") throw new Error(`${name} has no licence file to bundle`);
      const text =
        file === undefined ? `Copyright (c) ${author}\n\n${MIT}` : readFileSync(join(path, file), "utf8");
      return `${name} ${version}\n\n${text.trim()}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outdir = join(root, "dist/cli");
  if (!existsSync(dirname(outdir))) mkdirSync(dirname(outdir), { recursive: true });
  await buildCli(outdir);
}
