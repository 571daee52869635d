/** Builds examples/browser with Vite, and uses the page in Chromium as a person would. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { load, saveFile } from "pytree2safetensors";
import { build, preview } from "vite";
import type { Result } from "../../test/runtimes/harness.ts";
import { requireProgram } from "./debian.ts";

const root = join(import.meta.dirname, "../../examples/browser");

/** Builds the page into a folder, on the package whose entry for browsers is the file `entry`. */
export async function buildBrowserExample(entry: string, outDir: string): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    resolve: { alias: { pytree2safetensors: entry } },
    build: { outDir, emptyOutDir: true, target: "es2022" },
  });
}

/** Opens the page, chooses a file, trains, reloads, downloads. */
export async function runBrowserExample(entry: string): Promise<Result> {
  const name = "examples/browser: opens a file, keeps a state over a reload, downloads it";
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "p2s-example-"));
  let error: string | undefined;
  try {
    await useExample(entry, folder);
  } catch (thrown) {
    error = String((thrown as Error).stack ?? thrown);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const milliseconds = performance.now() - started;
  return error === undefined ? { name, milliseconds } : { name, milliseconds, error };
}

async function useExample(entry: string, folder: string): Promise<void> {
  const site = join(folder, "site");
  await buildBrowserExample(entry, site);
  const server = await preview({
    root,
    configFile: false,
    logLevel: "warn",
    build: { outDir: site },
    preview: { host: "127.0.0.1", port: 0 },
  });
  const browser = await chromium.launch({
    executablePath: requireProgram("/usr/bin/chromium", "chromium"),
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const page = await browser.newPage();
    const status = async (text: string) => {
      await page.getByText(text, { exact: false }).waitFor({ timeout: 20_000 });
    };
    await page.goto(server.resolvedUrls!.local[0]!);
    await status("a fresh state");

    const chosen = join(folder, "chosen.safetensors");
    await saveFile({ "layers#0.w": new Float32Array(3) }, chosen);
    await page.getByLabel("Open a file").setInputFiles(chosen);
    await status("layers#0.w  F32[3]");

    await page.getByRole("button", { name: "Train" }).click();
    await status("saved step 100");
    await page.reload();
    await status("restored step 100");

    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download" }).click();
    const path = join(folder, "downloaded.safetensors");
    await (await downloading).saveAs(path);
    const step = load(readFileSync(path))["@step"]?.item();
    if (step !== 100) throw new Error(`the download has step ${step}`);
  } finally {
    await browser.close();
    await server.close();
  }
}
