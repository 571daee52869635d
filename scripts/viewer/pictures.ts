/** Takes the pictures of `docs/images`: each view of the page in both themes, wide and narrow. `npm run pictures`. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSamples } from "../../test/viewer/samples.ts";
import { startSite } from "../../test/viewer/site.ts";
import { buildViewer } from "../build-viewer.ts";
import { launchChromium } from "./chromium.ts";
import { VIEWS } from "./view-tests.ts";

const SIZES = { wide: { width: 1000, height: 560 }, narrow: { width: 360, height: 560 } };

const images = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pytree2safetensors-pictures-"));
const [viewer, data] = [join(folder, "viewer"), join(folder, "data")];
await buildViewer(viewer);
await writeSamples(data);
mkdirSync(images, { recursive: true });
const site = await startSite({ folders: { viewer, data }, answers: {}, onReport() {} });
// Letters without coloured edges make smaller files.
const browser = await launchChromium("--disable-lcd-text", "--hide-scrollbars");
try {
  for (const view of VIEWS) {
    for (const colorScheme of ["light", "dark"] as const) {
      for (const [size, viewport] of Object.entries(SIZES)) {
        const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
        const query = new URLSearchParams(view.urls.map((url) => ["url", url]));
        await page.goto(`${site.url}/viewer/?${query}`);
        await view.ready(page);
        await page.evaluate(() => document.querySelector("main")?.scrollTo(0, 0));
        await page.waitForTimeout(300);
        await page.screenshot({ path: join(images, `viewer-${view.name}-${colorScheme}-${size}.png`) });
        await page.close();
      }
    }
  }
} finally {
  await browser.close();
  await site.close();
  rmSync(folder, { recursive: true, force: true });
}
