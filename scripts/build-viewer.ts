/** Builds the page into dist/viewer/: static files, with the licences of what is in them. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Builds the page into a folder. */
export async function buildViewer(outDir = join(root, "dist/viewer")): Promise<void> {
  const packages = new Set<string>();
  await build({
    configFile: join(root, "viewer/vite.config.ts"),
    mode: "production",
    logLevel: "warn",
    build: { outDir },
    plugins: [
      {
        name: "licences",
        moduleParsed({ id }) {
          const folder = /^\0?(.*node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(id)?.[1];
          if (folder && !folder.endsWith("/vite")) packages.add(folder);
        },
      },
    ],
  });
  writeFileSync(
    join(outDir, "LICENSES.txt"),
    [...packages]
      .sort()
      .map(licenceOf)
      .join(`\n${"-".repeat(80)}\n\n`),
  );
}

/** The licence text that a bundled package asks to be kept with copies of it. */
function licenceOf(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file to bundle`);
  return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildViewer();
}
