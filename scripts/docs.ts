// Builds the documentation site into site/dist: `npm run docs`. Dead links are errors.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeApi } from "./docs/api.ts";
import { pageOf, rewriteLinks } from "./docs/links.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const site = join(root, "site");
const pages = join(site, "pages");
const viewer = join(root, "dist/viewer");

/** The pages of the repository that the site has: Markdown at the top and in docs/. */
function sources(): string[] {
  const inDocs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  return [...readdirSync(root), ...inDocs.map((file) => `docs/${file.replaceAll("\\", "/")}`)].filter(
    (file) => file.endsWith(".md"),
  );
}

function gather(): void {
  rmSync(pages, { recursive: true, force: true });
  const all = sources();
  const known = new Set(all);
  for (const source of all) {
    const target = join(pages, pageOf(source));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, rewriteLinks(readFileSync(join(root, source), "utf8"), source, known));
  }
  writeFileSync(join(pages, "index.md"), readFileSync(join(site, "home.md")));
  for (const folder of ["images", "plots"]) {
    const from = join(root, "docs", folder);
    if (existsSync(from)) cpSync(from, join(pages, folder), { recursive: true });
  }
  cpSync(join(site, "public"), join(pages, "public"), { recursive: true });
}

gather();
await writeApi(join(pages, "api"));
if (existsSync(viewer)) process.env.DOCS_VIEWER = "yes";
// Imported here, because the config looks at the environment and at the pages.
const { build } = await import("vitepress");
await build(site);
if (existsSync(viewer)) cpSync(viewer, join(site, "dist/viewer-app"), { recursive: true });
console.log("built site/dist: any server of static files can serve it");
