/** Measures the page in Chromium against the library alone: `npm run bench:viewer`. Ratios of one run, best of several. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { startSite } from "../../test/viewer/site.ts";
import { buildViewer } from "../build-viewer.ts";
import { memoryOf, writeBigFile } from "./big-tests.ts";
import { launchChromium, show } from "./chromium.ts";

const REPEATS = 7;
const GIB = 2 ** 30;

const root = fileURLToPath(new URL("../../", import.meta.url));
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
});
writeFileSync(
  join(alone, "index.html"),
  '<!doctype html><title>Alone</title><input type="file" id="choose-files"><script type="module" src="alone.js"></script>',
);
const [big, long] = [join(folder, "big.safetensors"), join(folder, "long.safetensors")];
writeBigFile(big);
writeLong(long);
const site = await startSite({ folders: { viewer, alone }, answers: {}, onReport() {} });
const browser = await launchChromium();
try {
  const best = { open: Infinity, paint: Infinity, tree: Infinity, read: Infinity, stats: Infinity };
  let memory = 0;
  for (let i = 0; i < REPEATS; i++) {
    const bare = await openPage("alone");
    const empty = await memoryOf(bare);
    best.open = Math.min(best.open, await timeAlone(bare, big, "open"));
    await bare.close();
    const page = await openPage("viewer");
    const { paint, tree } = await timePaint(page, big);
    best.paint = Math.min(best.paint, paint);
    best.tree = Math.min(best.tree, tree);
    memory = Math.max(memory, (await memoryOf(page)) - empty);
    await page.close();

    const reading = await openPage("alone");
    best.read = Math.min(best.read, await timeAlone(reading, long, "read"));
    await reading.close();
    const counting = await openPage("viewer");
    best.stats = Math.min(best.stats, await timeStats(counting, long));
    await counting.close();
  }
  const ratio = (a: number, b: number) => (a / b).toFixed(2);
  console.log(
    `first paint of 100,000 tensors / openSafetensors alone: ${ratio(best.paint, best.open)} (at most 1.5)`,
  );
  console.log(`the whole tree / openSafetensors alone: ${ratio(best.tree, best.open)}`);
  console.log(`memory over an empty page: ${(memory / 2 ** 20).toFixed(1)} MiB (at most 100)`);
  console.log(
    `statistics of 1 GiB of F32 / reading the same bytes, in speed: ${ratio(best.read, best.stats)} (at least 0.5)`,
  );
} finally {
  await browser.close();
  await site.close();
  rmSync(folder, { recursive: true, force: true });
}

async function openPage(name: string): Promise<Page> {
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
