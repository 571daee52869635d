/** Runs the page in Debian's browsers and holds it against the command: `npm run test:viewer [-- chromium|firefox]`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { hostileFiles } from "../test/format/hostile-files.ts";
import type { Result } from "../test/runtimes/harness.ts";
import { type Expected, type ExpectedDiff, type ExpectedStats, runJson } from "../test/viewer/expected.ts";
import { MARKUP, writeSamples } from "../test/viewer/samples.ts";
import { type Site, startSite } from "../test/viewer/site.ts";
import { openChromium } from "./browser/chromium.ts";
import { openFirefox } from "./browser/firefox.ts";
import { buildCli } from "./build-cli.ts";
import { buildViewer } from "./build-viewer.ts";
import { printFailures } from "./runtimes/report.ts";
import { runInChromium } from "./viewer/chromium.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

// Many times what a suite takes.
const TIMEOUT_MS = 300_000;

const wanted = process.argv.slice(2).find((name) => /^(chromium|driven|firefox)$/.test(name));
const closers: (() => unknown)[] = [];
const results: Result[] = [];
try {
  const folder = mkdtempSync(join(tmpdir(), "pytree2safetensors-viewer-"));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const [page, driver, data] = ["viewer", "driver", "data"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const command = join(folder, "package/dist/cli/main.js");
  await buildViewer(page);
  await buildCommand();
  await bundleDriver(driver);
  const samples = await writeSamples(data);
  const hostile = writeHostile(data);
  const expected: Expected = {
    stats: runJson<{ tensors: ExpectedStats[] }>(command, [
      ...["stats", samples.model, "--all", "--percentiles", "1,5,25,50,75,95,99"],
    ]).tensors,
    diff: runJson<ExpectedDiff>(command, ["diff", samples.model, samples.changed]),
    hostile,
    markup: Object.keys(MARKUP),
  };
  let report = (_: unknown) => {};
  const site = await startSite({
    folders: { viewer: page, driver, data },
    answers: { "/expected.json": expected },
    onReport: (body) => report(body),
  });
  closers.push(() => site.close());

  for (const browser of ["chromium", "firefox"] as const) {
    if (wanted !== undefined && wanted !== browser) continue;
    const reported = new Promise<Result[]>((resolve) => {
      report = (body) => resolve(body as Result[]);
    });
    show(browser, await runDriver(browser, site, join(folder, browser), reported));
  }
  if (wanted !== "firefox")
    show("chromium, driven", await runInChromium({ site, page, data, samples, command, folder }));

  async function buildCommand(): Promise<void> {
    mkdirSync(join(folder, "package/dist/cli"), { recursive: true });
    writeFileSync(join(folder, "package/package.json"), '{ "version": "0.0.0", "type": "module" }');
    await buildCli(join(folder, "package/dist/cli"));
  }
} finally {
  for (const close of closers.reverse()) await close();
}
const failed = results.filter(({ error }) => error !== undefined).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;

/** Opens the driver in a browser and waits for its report. */
async function runDriver(
  browser: "chromium" | "firefox",
  site: Site,
  profile: string,
  reported: Promise<Result[]>,
): Promise<Result[]> {
  mkdirSync(profile);
  const say = (line: string) => console.log(`${browser}: ${line}`);
  const driven = browser === "chromium" ? await openChromium(profile, say) : await openFirefox(profile);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Result[]>((resolve) => {
    const error = `no report after ${TIMEOUT_MS / 1000} s`;
    timer = setTimeout(() => resolve([{ name: browser, milliseconds: TIMEOUT_MS, error }]), TIMEOUT_MS);
  });
  try {
    await driven.goto(`${site.url}/driver/`);
    return await Promise.race([reported, late]);
  } finally {
    clearTimeout(timer);
    await driven.close();
  }
}

function show(where: string, own: readonly Result[]): void {
  printFailures(own, `${where}: `);
  const failed = own.filter(({ error }) => error !== undefined).length;
  console.log(`${where}: ${own.length - failed} passed, ${failed} failed`);
  results.push(...own);
}

async function bundleDriver(outdir: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ["test/viewer/driver.ts"],
    outdir,
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
  const html =
    '<!doctype html><meta charset="utf-8"><title>Driver</title><script type="module" src="driver.js"></script>';
  writeFileSync(join(outdir, "index.html"), html);
  writeFileSync(
    join(outdir, "empty.html"),
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="/viewer/icon.svg"><title>Empty</title>',
  );
}

/** The corpus as files, and where the page gets them. */
function writeHostile(data: string) {
  mkdirSync(join(data, "hostile"));
  return hostileFiles().map(({ name, bytes, code }, i) => {
    writeFileSync(join(data, `hostile/${i}.safetensors`), bytes);
    return { name, url: `/data/hostile/${i}.safetensors`, code };
  });
}
