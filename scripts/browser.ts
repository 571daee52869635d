// Runs the suite with the package as published in Debian's browsers: `npm run test:browser [-- chromium|firefox]`.
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { save, savePytree } from "pytree2safetensors";
import type { PageConfig } from "../test/browser/config.ts";
import { type Nginx, startNginx } from "../test/http/nginx.ts";
import { writeBig } from "../test/huge/sparse.ts";
import type { Result } from "../test/runtimes/harness.ts";
import { startServer } from "../test/runtimes/server.ts";
import { model } from "../test/runtimes/support.ts";
import { type S3Server, startVersitygw } from "../test/s3/servers.ts";
import { bundlePages } from "./browser/bundle.ts";
import { openChromium } from "./browser/chromium.ts";
import { type Actions, startControl } from "./browser/control-server.ts";
import { runBrowserExample } from "./browser/example.ts";
import { openFirefox } from "./browser/firefox.ts";
import { startHttp2 } from "./browser/http2-server.ts";
import { runSnippets } from "./browser/snippets.ts";
import { makeConsumer } from "./runtimes/consumer.ts";
import { printFailures } from "./runtimes/report.ts";

// Many times what a suite takes.
const TIMEOUT_MS = 150_000;

type Closer = () => unknown;

async function main(): Promise<Result[]> {
  const wanted = process.argv.slice(2).find((name) => /^(chromium|firefox)$/.test(name));
  const closers: Closer[] = [];
  try {
    const folder = mkdtempSync(join(tmpdir(), "pytree2safetensors-browser-"));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const nginx = await startNginx();
    closers.push(() => nginx.stop());
    const s3 = await startVersitygw({ allowPages: true });
    closers.push(() => s3?.stop());
    const consumer = makeConsumer(["aws4fetch"]);
    closers.push(() => consumer.remove());
    await bundlePages(consumer, join(nginx.folder, "site"));
    writeBig(join(nginx.folder, "data", "big.safetensors"));
    await savePytree(model(), join(nginx.folder, "data", "model.safetensors"));
    await savePytree(model(), join(nginx.folder, "data", "sharded"), { maxShardSize: "100kB" });

    const results: Result[] = [];
    for (const browser of ["chromium", "firefox"] as const) {
      if (wanted !== undefined && wanted !== browser) continue;
      const started = performance.now();
      const { version, results: own } = await runIn(browser, { nginx, s3 }, folder);
      const failed = own.filter(({ error }) => error !== undefined).length;
      printFailures(own, `${browser}: `);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${browser} ${version}: ${own.length - failed} passed, ${failed} failed (${seconds} s)`);
      results.push(...own);
    }
    if (wanted !== "firefox") {
      const example = await runBrowserExample(
        join(consumer.folder, "node_modules/pytree2safetensors/dist/index.js"),
      );
      const snippets = await runSnippets(consumer);
      printFailures([example, ...snippets], "chromium: ");
      results.push(example, ...snippets);
    }
    return results;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

interface Servers {
  readonly nginx: Nginx;
  readonly s3: S3Server | undefined;
}

/** Runs everything in one browser. */
async function runIn(
  browser: "chromium" | "firefox",
  { nginx, s3 }: Servers,
  folder: string,
): Promise<{ version: string; results: readonly Result[] }> {
  const closers: Closer[] = [];
  try {
    const node = await startServer();
    closers.push(() => node.close());
    await savePytree(model(), join(nginx.folder, "data", "changing.safetensors"));
    const profile = join(folder, browser);
    mkdirSync(profile);

    let done = (_results: readonly Result[]) => {};
    const reported = new Promise<readonly Result[]>((resolve) => {
      done = resolve;
    });
    const say = (line: string) => console.log(`${browser}: ${line}`);
    const page = browser === "chromium" ? await openChromium(profile, say) : await openFirefox(profile);
    closers.push(() => page.close());
    const actions: Actions = {
      nginxLog: () => nginx.takeLog(),
      changeFile: () => changeFile(nginx),
      chooseFile: () => page.choose(join(nginx.folder, "data", "big.safetensors")),
      downloaded: () => page.downloaded(),
      limitQuota: (bytes) => page.limitQuota(bytes as number | null),
      report: (results) => done(results as Result[]),
    };
    const control = await startControl(actions);
    closers.push(() => control.close());
    const config: PageConfig = {
      node: node.url,
      other: nginx.otherUrl,
      control: control.url,
      driven: browser === "chromium",
      ...(s3 && { s3: { url: s3.url, bucket: s3.bucket, credentials: s3.credentials, prefix: browser } }),
    };
    if (browser === "chromium") {
      const http2 = await startHttp2(folder);
      closers.push(() => http2.close());
      Object.assign(config, { http2: http2.url });
    }
    await page.goto(`${nginx.url}/site/index.html?config=${encodeURIComponent(JSON.stringify(config))}`);
    return { version: page.version, results: await Promise.race([reported, late(browser, closers)]) };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function late(browser: string, closers: Closer[]): Promise<Result[]> {
  return new Promise((resolve) => {
    const error = `no report after ${TIMEOUT_MS / 1000} s`;
    const timer = setTimeout(() => resolve([{ name: browser, milliseconds: TIMEOUT_MS, error }]), TIMEOUT_MS);
    closers.push(() => clearTimeout(timer));
  });
}

function changeFile(nginx: Nginx): void {
  const data = (name: string) => join(nginx.folder, "data", name);
  writeFileSync(data("next"), save({ "@embedding": model().embedding, "@x": model().embedding }));
  renameSync(data("next"), data("changing.safetensors"));
}

const results = await main();
const failed = results.filter(({ error }) => error !== undefined).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;
