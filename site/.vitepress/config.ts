// The documentation site. `npm run docs` gathers the pages, writes the API reference and builds it into site/dist.
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type DefaultTheme, defineConfig } from "vitepress";

const pages = fileURLToPath(new URL("../pages/", import.meta.url));

const GUIDE = [
  { text: "Guide", link: "/guide" },
  { text: "Training", link: "/training" },
  { text: "Command line", link: "/cli" },
  { text: "Viewer", link: "/viewer" },
];

const RECIPES = [
  { text: "All recipes", link: "/recipes/" },
  { text: "Python to the browser", link: "/recipes/python-to-browser" },
  { text: "PyTorch and back", link: "/recipes/pytorch" },
  { text: "Training in a page", link: "/recipes/training-in-a-page" },
  { text: "A bucket", link: "/recipes/bucket" },
  { text: "The hub", link: "/recipes/hub" },
  { text: "Shards", link: "/recipes/shards" },
  { text: "From @jax-js/loaders", link: "/recipes/from-jax-js-loaders" },
  { text: "From safetensors of npm", link: "/recipes/from-safetensors-npm" },
  { text: "From TensorFlow.js' format", link: "/recipes/from-tensorflow-js" },
];

const BACKGROUND = [
  { text: "File format", link: "/format" },
  { text: "Reliability", link: "/reliability" },
  { text: "Security", link: "/security" },
  { text: "Benchmarks", link: "/benchmarks" },
  { text: "All benchmarks", link: "/benchmarks-full" },
  { text: "Bundlers and TypeScript", link: "/bundlers" },
  { text: "Architecture", link: "/architecture" },
  { text: "Decisions", link: "/decisions" },
  { text: "Contributing", link: "/contributing" },
  { text: "Changelog", link: "/changelog" },
];

export default defineConfig({
  title: "pytree2safetensors",
  description: "Save and load pytrees as safetensors files, in Node, Deno, Bun and browsers.",
  base: process.env.DOCS_BASE ?? "/",
  srcDir: "pages",
  // The index of the search is larger than what Vite warns about.
  vite: { build: { chunkSizeWarningLimit: 4000 } },
  outDir: "dist",
  cacheDir: "pages/.cache",
  cleanUrls: false,
  lastUpdated: false,
  head: [["link", { rel: "icon", href: `${process.env.DOCS_BASE ?? "/"}icon.svg` }]],
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3] },
    nav: [
      { text: "Guide", link: "/guide" },
      { text: "Recipes", link: "/recipes/" },
      { text: "API", link: "/api/" },
      // Another application, not a page of this one; it is there if `npm run build` has built it.
      ...(process.env.DOCS_VIEWER
        ? [{ text: "Open the viewer", link: "/viewer-app/index.html", target: "_blank" }]
        : []),
    ],
    sidebar: {
      "/api/": apiSidebar(),
      "/": [
        { text: "Start", link: "/start" },
        { text: "Using it", items: GUIDE },
        { text: "Recipes", items: RECIPES },
        { text: "Background", items: BACKGROUND },
      ],
    },
  },
});

/** One group for each entry point, and in it one for each kind of symbol, as the folders of the reference are. */
function apiSidebar(): DefaultTheme.SidebarItem[] {
  const api = `${pages}api/`;
  if (!existsSync(api)) return [];
  const folders = (path: string) =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  const files = readdirSync(api, { recursive: true, encoding: "utf8" }).map((file) =>
    file.replaceAll("\\", "/"),
  );
  const entries = files
    .filter((file) => file.endsWith("/index.md"))
    .map((file) => file.slice(0, -"/index.md".length));
  return entries.sort(byEntry).map((entry) => ({
    text: entryName(entry),
    link: `/api/${entry}/`,
    collapsed: entry !== "index",
    items: folders(api + entry).map((kind) => ({
      text: kind.replaceAll("-", " "),
      collapsed: kind !== "functions" && kind !== "classes",
      items: readdirSync(`${api}${entry}/${kind}`)
        .filter((file) => file.endsWith(".md"))
        .map((file) => file.slice(0, -3))
        .map((name) => ({ text: name, link: `/api/${entry}/${kind}/${name}` })),
    })),
  }));
}

/** The root entry first, then the others by name. */
function byEntry(a: string, b: string): number {
  if (a === "index" || b === "index") return a === "index" ? -1 : 1;
  return a < b ? -1 : 1;
}

/** What programs import: `adapters/jax-js` is `pytree2safetensors/jax-js`. */
function entryName(entry: string): string {
  const name = entry.replace(/^adapters\//, "").replace(/\/index$/, "");
  return name === "index" ? "pytree2safetensors" : `…/${name}`;
}
