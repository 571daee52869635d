/** A file of 10 GB with 100,000 tensors, and a tensor of gigabytes that the person turns away from. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { writeSparse } from "../../test/huge/sparse.ts";
import { type DrivenTest, goto, same, show } from "./chromium.ts";

/** The layout of the file: blocks in layers, as large models have them. */
export const BIG = { layers: 1000, tensors: 100, bytes: 100_000 } as const;

// What the page may take over an empty one, as Chromium measures it.
const MAX_BYTES = 100 * 2 ** 20;
const MAX_GZIPPED = 150_000;

/** Writes the file; its data are holes. */
export function writeBigFile(path: string): void {
  writeSparse(
    path,
    Array.from({ length: BIG.layers * BIG.tensors }, (_, i) => ({
      name: `layers#${Math.floor(i / BIG.tensors)}.block${i % 10}.w${i % BIG.tensors}`,
      dtype: "F32",
      shape: [250, 100],
      byteLength: BIG.bytes,
    })),
  );
}

/** The memory of a page with its workers, by the browser's own measure. */
export function memoryOf(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { performance } = globalThis as unknown as {
      performance: { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> };
    };
    return (await performance.measureUserAgentSpecificMemory()).bytes;
  });
}

/** What the files of the built page take, each gzipped. */
export function gzippedBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(html|js|css|svg)$/.test(name))
    .reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).byteLength, 0);
}

export const bigTests: readonly DrivenTest[] = [
  {
    name: "shows 100,000 tensors of a 10 GB file within 100 MiB of memory",
    async run(page, bench) {
      const path = join(bench.folder, "big.safetensors");
      writeBigFile(path);
      await page.goto(`${bench.site.url}/driver/empty.html`);
      const empty = await memoryOf(page);
      await goto(page, bench);
      await page.setInputFiles("#choose-files", path);
      await page.waitForSelector('[role="treeitem"]');
      same(
        await page.locator(".tree-count").textContent(),
        "100 k tensors, 2.50 B parameters, 10.0 GB",
        "totals",
      );
      await page.getByLabel("Search names").fill("layers#999 w99");
      await page.locator(".tree-count", { hasText: "1 found" }).waitFor();
      await page.locator(".row").first().click();
      await page.locator("h2", { hasText: "layers#999.block9.w99" }).waitFor();
      await page.waitForSelector(".stats svg");
      await page.getByLabel("Search names").fill("");
      await page.locator("label", { hasText: "fold equal layers" }).locator("input").uncheck();
      await page.getByRole("button", { name: "Unfold all" }).click();
      await page.focus('[role="tree"]');
      await page.keyboard.press("End");
      await page.locator(".row.active", { hasText: "w99" }).waitFor();
      // Few rows are in the document, however many there are.
      same((await page.locator(".row").count()) < 120, true, "few rows");
      await page.getByRole("button", { name: "Fold all", exact: true }).click();
      const used = (await memoryOf(page)) - empty;
      console.log(`memory over an empty page: ${(used / 2 ** 20).toFixed(1)} MiB`);
      same(used <= MAX_BYTES, true, `memory of ${used} bytes`);
    },
  },
  {
    name: "stops reading a tensor that the person turns away from",
    async run(page, bench) {
      writeSparse(join(bench.data, "long.safetensors"), [
        { name: "long", dtype: "F32", shape: [2 ** 31], byteLength: 2 ** 33 },
        { name: "short", dtype: "F32", shape: [4], byteLength: 16 },
      ]);
      await goto(page, bench, ["/data/long.safetensors"], "#tensor=long");
      await page.waitForSelector("progress");
      await page.waitForFunction(() => Number(document.querySelector("progress")?.value) > 2 ** 24);
      await show(page, { tensor: "short" });
      await page.locator("td", { hasText: /^4$/ }).waitFor();
      await page.waitForTimeout(1000);
      const sent = bench.site.bytesSent();
      await page.waitForTimeout(1500);
      same(bench.site.bytesSent(), sent, "bytes that were read after that");
    },
  },
  {
    name: `is at most ${MAX_GZIPPED} bytes, gzipped`,
    async run(_, bench) {
      const total = gzippedBytes(bench.page);
      console.log(`the page, gzipped: ${total} bytes`);
      same(total <= MAX_GZIPPED, true, `${total} bytes`);
    },
  },
];
