import { existsSync } from "node:fs";
import { mkdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";
import { Tensor } from "pytree2safetensors";
import { ARGS, CHROMIUM } from "../../scripts/browser/chromium.ts";
import { startSite } from "../../test/viewer/site.ts";
import { contest } from "../contest.ts";
import { model, writtenFile } from "../files.ts";
import { filledMemory } from "../models.ts";
import type { Comparison } from "../report-types.ts";
import { count, mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

const TITLE = "In a browser";
const SMALL = 50_000;
const WHY_LOAD =
  "The header is read and parsed before the data, and tensors are made; against `arrayBuffer()`, look at the bare loop over slices too.";
const WHY_HTTP =
  "The data come in ranges, each of which can be asked for again; the bare loop over ranges shows what those cost.";
const WHY_SAVE =
  "Tensors go in writes of their own or in blocks of 1 MiB; the bare blocks show what those cost.";
const WHY_ONE =
  "The names are in the header, which is parsed and checked first; the bare loop parses it too.";

// What ours is called in the rows, its job, the bare one's job and name.
const LARGE = [
  ["Blob", "`loadFile`", "blob load", "blob arrayBuffer", "`arrayBuffer()`"],
  ["Blob", "`loadFile`", "blob load", "blob pieces", "bare loop over slices, 4 at a time"],
  ["HTTP", "`loadFile`", "http load", "http arrayBuffer", "`fetch` and `arrayBuffer()`"],
  ["HTTP", "`loadFile`", "http load", "http ranges", "bare loop over ranges, 6 at a time"],
  ["OPFS", "`loadFile`", "opfs load", "opfs arrayBuffer", "`arrayBuffer()`"],
  ["OPFS", "`loadFile`", "opfs load", "opfs pieces", "bare loop over slices, 4 at a time"],
  ["OPFS", "`saveFile`", "opfs save", "opfs write", "bare `createWritable` and one `write`"],
  ["OPFS", "`saveFile`", "opfs save", "opfs blocks", "bare `createWritable` and blocks of 1 MiB"],
] as const;

const ONE = [
  ["Blob", "open and one tensor", "blob one", "blob one bare", "its bytes alone"],
  ["Blob", "open and one tensor", "blob one", "blob one loop", "bare loop: header, `JSON.parse`, its bytes"],
] as const;

const MANY = [
  ["Blob", "`loadFile`", "blob load", "blob bare loop", "`arrayBuffer()` and a bare loop"],
] as const;

export const browser: Workload = {
  name: "browser",
  async run(context) {
    if (!existsSync(CHROMIUM)) return { title: TITLE, intro: "There is no Chromium on this machine." };
    const bytes = context.quick ? 2 ** 26 : 2 ** 28;
    const folder = join(context.folder, "browser");
    await mkdir(folder);
    await buildPage(folder);
    const site = await startSite({ folders: { bench: folder }, answers: {}, onReport() {} });
    const chrome = await chromium.launch({
      executablePath: CHROMIUM,
      args: [...ARGS, "--js-flags=--expose-gc"],
    });
    const comparisons: Comparison[] = [];
    try {
      const one = { one: Tensor.fromBuffer("F32", [bytes / 4], filledMemory(bytes)) };
      const files = [
        [`${mebibytes(bytes)}, one tensor`, one, LARGE],
        [`${mebibytes(bytes)}, F32 layers`, model("F32", bytes), [...LARGE, ...ONE]],
        [`${count(SMALL)} tensors of 32 bytes`, smallTensors(SMALL), MANY],
      ] as const;
      for (const [what, dict, jobs] of files) {
        context.log(`browser: ${what}`);
        const path = join(folder, "file.safetensors");
        await writtenFile(path, dict);
        const page = await openPage(await chrome.newPage(), site.url, path);
        const names = [...new Set(jobs.flatMap(([, , ours, bare]) => [ours, bare]))];
        const results = await contest(
          names.map((name) => ({ name, run: () => {}, seconds: () => seconds(page, name) })),
          context.quick ? 3 : 7,
        );
        for (const [place, call, ours, bare, against] of jobs) {
          comparisons.push({
            what: `${place}, ${what}: ${call}`,
            against,
            ours: results.time(ours),
            speed: results.speed(ours, bare),
            why: whyOf(place, call),
          });
        }
        await page.close();
        await unlink(path);
      }
    } finally {
      await chrome.close();
      await site.close();
    }
    return {
      title: TITLE,
      intro: `Debian's Chromium ${chrome.version()}: a file that was chosen (\`Blob\`), the same over HTTP from this machine, and in the page's own storage (OPFS). Each is read into fresh memory; the bare side checks nothing and makes no tensors, except in the bare loop.`,
      comparisons,
    };
  },
};

function whyOf(place: string, call: string): string {
  if (call === "`saveFile`") return WHY_SAVE;
  if (call !== "`loadFile`") return WHY_ONE;
  return place === "HTTP" ? WHY_HTTP : WHY_LOAD;
}

async function buildPage(folder: string): Promise<void> {
  await build({
    absWorkingDir: process.cwd(),
    entryPoints: { page: "bench/browser-page.ts" },
    alias: { pytree2safetensors: join(process.cwd(), "src/index.ts") },
    outdir: folder,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
  const html =
    '<!doctype html><title>Benchmark</title><input type="file"><script type="module" src="page.js"></script>';
  await writeFile(join(folder, "index.html"), html);
}

/** What `browser-page.ts` puts into the page. */
interface PageBench {
  prepare(url: string): Promise<void>;
  seconds(name: string): Promise<number>;
}

async function openPage(page: Page, site: string, path: string): Promise<Page> {
  page.setDefaultTimeout(120_000);
  await page.goto(`${site}/bench/`);
  await page.waitForFunction(() => "bench" in globalThis);
  await page.setInputFiles("input", path);
  await page.evaluate(
    (url) => (globalThis as unknown as { bench: PageBench }).bench.prepare(url),
    `${site}/bench/file.safetensors`,
  );
  return page;
}

function seconds(page: Page, name: string): Promise<number> {
  return page.evaluate((job) => (globalThis as unknown as { bench: PageBench }).bench.seconds(job), name);
}

function smallTensors(size: number): Record<string, Tensor> {
  const memory = filledMemory(size * 32);
  return Object.fromEntries(
    Array.from({ length: size }, (_, i) => [`t${i}`, Tensor.fromBuffer("F32", [8], memory, i * 32, 32)]),
  );
}
