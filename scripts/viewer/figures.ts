// The figures of the page in Chromium, against the library alone: ratios of one run, best of several.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { type Site, startSite } from "../../test/viewer/site.ts";
import { buildViewer } from "../build-viewer.ts";
import { gzippedBytes, memoryOf, writeBigFile } from "./big-tests.ts";
import { launchChromium, show } from "./chromium.ts";

const REPEATS = 5;
const GIB = 2 ** 30;

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What can be measured. */
export const PARTS = ["paint", "memory", "stats", "size"] as const;

export type Part = (typeof PARTS)[number];

/** A figure of the page. */
export interface Figure {
  readonly what: string;
  readonly got: string;
  readonly reach: string;
  readonly ok: boolean;
}

/** What the parts are measured in. */
interface Bench {
  readonly browser: Browser;
  readonly site: Site;
  /** The folder with the built page. */
  readonly viewer: string;
  /** For the files that are opened. */
  readonly folder: string;
}

const MEASURES: Readonly<Record<Part, (bench: Bench) => Promise<Figure[]>>> = {
  paint: measurePaint,
  memory: measureMemory,
  stats: measureStats,
  size: measureSize,
};

/** Builds the page, and measures parts of it in Chromium. */
export async function measureViewer(parts: readonly Part[]): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "pytree2safetensors-measure-"));
  const [viewer, alone] = [join(folder, "viewer"), join(folder, "alone")];
  await buildViewer(viewer);
  mkdirSync(alone);
  await build({
    absWorkingDir: root,
    entryPoints: { alone: "test/viewer/alone.ts" },
    alias: { pytree2safetensors: join(root, "src/index.ts") },
    outdir: alone,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
  writeFileSync(
    join(alone, "index.html"),
    '<!doctype html><title>Alone</title><input type="file" id="choose-files"><script type="module" src="alone.js"></script>',
  );
  const site = await startSite({ folders: { viewer, alone }, answers: {}, onReport() {} });
  const browser = await launchChromium();
  try {
    const figures: Figure[] = [];
    for (const part of parts) figures.push(...(await MEASURES[part]({ browser, site, viewer, folder })));
    return figures;
  } finally {
    await browser.close();
    await site.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measurePaint(bench: Bench): Promise<Figure[]> {
  const big = join(bench.folder, "big.safetensors");
  writeBigFile(big);
  const best = { open: Infinity, paint: Infinity, tree: Infinity };
  for (let i = 0; i < REPEATS; i++) {
    const bare = await openPage(bench, "alone");
    best.open = Math.min(best.open, await timeAlone(bare, big, "open"));
    await bare.close();
    const page = await openPage(bench, "viewer");
    const { paint, tree } = await timePaint(page, big);
    best.paint = Math.min(best.paint, paint);
    best.tree = Math.min(best.tree, tree);
    await page.close();
  }
  const [paint, tree] = [best.paint / best.open, best.tree / best.open];
  return [
    {
      what: "first paint of 100,000 tensors in 10 GB / `openSafetensors` alone",
      got: `${paint.toFixed(2)} (the whole tree ${tree.toFixed(2)})`,
      reach: "≤ 1.5",
      ok: paint <= 1.5,
    },
  ];
}

async function measureMemory(bench: Bench): Promise<Figure[]> {
  const big = join(bench.folder, "big.safetensors");
  writeBigFile(big);
  const bare = await openPage(bench, "alone");
  const empty = await memoryOf(bare);
  await bare.close();
  const page = await openPage(bench, "viewer");
  await page.setInputFiles("#choose-files", big);
  await page.waitForSelector(".tree .row");
  const mebibytes = ((await memoryOf(page)) - empty) / 2 ** 20;
  await page.close();
  return [
    {
      what: "memory over an empty page, the same file",
      got: `${mebibytes.toFixed(1)} MiB`,
      reach: "≤ 100 MiB",
      ok: mebibytes <= 100,
    },
  ];
}

async function measureStats(bench: Bench): Promise<Figure[]> {
  const long = join(bench.folder, "long.safetensors");
  writeLong(long);
  const best = { read: Infinity, stats: Infinity };
  for (let i = 0; i < REPEATS; i++) {
    const reading = await openPage(bench, "alone");
    best.read = Math.min(best.read, await timeAlone(reading, long, "read"));
    await reading.close();
    const counting = await openPage(bench, "viewer");
    best.stats = Math.min(best.stats, await timeStats(counting, long));
    await counting.close();
  }
  const speed = best.read / best.stats;
  return [
    {
      what: "statistics of 1 GiB F32, in the speed of reading the same bytes",
      got: `${speed.toFixed(2)} (${(best.stats / 1000).toFixed(2)} s, reading ${(best.read / 1000).toFixed(2)} s)`,
      reach: "≥ 0.5",
      ok: speed >= 0.5,
    },
  ];
}

async function measureSize({ viewer }: Bench): Promise<Figure[]> {
  const kilobytes = gzippedBytes(viewer) / 1000;
  return [
    {
      what: "all of it, gzipped",
      got: `${kilobytes.toFixed(1)} kB`,
      reach: "≤ 150 kB",
      ok: kilobytes <= 150,
    },
  ];
}

async function openPage({ browser, site }: Bench, name: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(`${site.url}/${name}/`);
  await page.waitForSelector("#choose-files", { state: "attached" });
  return page;
}

/** Milliseconds of one job of `alone.ts`. */
async function timeAlone(page: Page, path: string, job: "open" | "read"): Promise<number> {
  await page.evaluate((name) => Object.assign(globalThis, { job: name }), job);
  await page.setInputFiles("#choose-files", path);
  const done = await page.waitForFunction(() => (globalThis as { milliseconds?: number }).milliseconds);
  return done.evaluate((value) => Number(value));
}

/** Milliseconds from the choice of a file until the first level, and the whole tree, are painted. */
async function timePaint(page: Page, path: string): Promise<{ paint: number; tree: number }> {
  await page.evaluate(() => {
    const marks: Record<string, number> = {};
    Object.assign(globalThis, { marks });
    document.querySelector("#choose-files")!.addEventListener(
      "change",
      () => {
        marks.start ??= performance.now();
      },
      { capture: true },
    );
    // Without a named function inside: tsx would call a helper for it that the page does not have.
    new MutationObserver(() => {
      for (const [name, selector] of [
        ["paint", ".outline .row, .tree .row"],
        ["tree", ".tree .row"],
      ] as const) {
        if (name in marks || !document.querySelector(selector)) continue;
        marks[name] = Number.NaN;
        requestAnimationFrame(() =>
          setTimeout(() => {
            marks[name] = performance.now();
          }),
        );
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
  await page.setInputFiles("#choose-files", path);
  const marks = await page.waitForFunction(() => {
    const { marks } = globalThis as unknown as { marks: Record<string, number> };
    return marks.tree! > 0 && marks;
  });
  const { start, paint, tree } = (await marks.jsonValue()) as Record<string, number>;
  return { paint: paint! - start!, tree: tree! - start! };
}

/** Milliseconds from the click on a tensor until its statistics are shown. */
async function timeStats(page: Page, path: string): Promise<number> {
  await page.setInputFiles("#choose-files", path);
  await page.waitForSelector('[role="treeitem"]');
  const started = performance.now();
  await show(page, { tensor: "long" });
  await page.waitForSelector(".stats svg");
  return performance.now() - started;
}

/** A file of one tensor of 1 GiB of F32 with values of every size. */
function writeLong(path: string): void {
  const json = `{"long":{"dtype":"F32","shape":[${GIB / 4}],"data_offsets":[0,${GIB}]}}`;
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.byteLength));
  writeFileSync(path, Buffer.concat([prefix, header]));
  const piece = Float32Array.from({ length: 2 ** 22 }, (_, i) => Math.sin(i) * 0.05);
  for (let at = 0; at < GIB; at += piece.byteLength)
    writeFileSync(path, new Uint8Array(piece.buffer), { flag: "a" });
}
