/** What only a driven browser can do with the page: choose, type, save, measure, and look for faults of access. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { Result } from "../../test/runtimes/harness.ts";
import type { writeSamples } from "../../test/viewer/samples.ts";
import type { Site } from "../../test/viewer/site.ts";
import { ARGS, CHROMIUM } from "../browser/chromium.ts";
import { requireProgram } from "../browser/debian.ts";
import { bigTests } from "./big-tests.ts";
import { openTests } from "./open-tests.ts";
import { saveTests } from "./save-tests.ts";
import { viewTests } from "./view-tests.ts";

/** What the tests have at hand. */
export interface Workbench {
  readonly site: Site;
  /** The folder with the built page. */
  readonly page: string;
  readonly data: string;
  readonly samples: Awaited<ReturnType<typeof writeSamples>>;
  /** The built command. */
  readonly command: string;
  readonly folder: string;
}

/** A test: a name, and what it does with a new page. */
export interface DrivenTest {
  readonly name: string;
  readonly options?: BrowserContextOptions;
  /** Whether it asks for a file that is not there. */
  readonly missing?: boolean;
  run(page: Page, bench: Workbench): Promise<void>;
}

/** Runs everything in Chromium, each test in a page of its own. */
export async function runInChromium(bench: Workbench): Promise<Result[]> {
  const browser = await launchChromium();
  try {
    const results: Result[] = [];
    for (const test of [...openTests, ...viewTests, ...saveTests, ...bigTests]) {
      const started = performance.now();
      const error = await runTest(browser, test, bench);
      results.push({ name: test.name, milliseconds: performance.now() - started, ...(error && { error }) });
    }
    return results;
  } finally {
    await browser.close();
  }
}

/** Debian's Chromium. */
export function launchChromium(...more: readonly string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: requireProgram(CHROMIUM, "chromium"),
    args: [...ARGS, ...more],
  });
}

async function runTest(browser: Browser, test: DrivenTest, bench: Workbench): Promise<string | undefined> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...test.options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    const isExpected = test.missing === true && message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isExpected) faults.push(message.text());
  });
  page.on("request", (request) => {
    // Nothing is sent, and nobody else is asked.
    const isOurs = request.url().startsWith(bench.site.url) || request.url().startsWith("blob:");
    if (!isOurs || request.method() !== "GET") faults.push(`${request.method()} ${request.url()}`);
  });
  try {
    await test.run(page, bench);
    return faults.length > 0 ? `the page had errors:\n${faults.join("\n")}` : undefined;
  } catch (error) {
    return [String(error), ...faults].join("\n");
  } finally {
    await context.close();
  }
}

/** Opens the page, with files that it fetches. */
export async function goto(
  page: Page,
  { site }: Workbench,
  urls: readonly string[] = [],
  hash = "",
): Promise<void> {
  const query = new URLSearchParams(urls.map((url) => ["url", url]));
  await page.goto(`${site.url}/viewer/?${query}${hash}`);
}

/** Shows a tensor by its name. */
export async function show(page: Page, parts: Readonly<Record<string, string>>): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, new URLSearchParams(parts).toString());
}

/** Throws unless two values are the same. */
export function same(found: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

const axe = readFileSync(join(createRequire(import.meta.url).resolve("axe-core"), "../axe.min.js"), "utf8");

/** The serious faults of accessibility that axe finds, and where. */
export async function seriousFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    interface Fault {
      readonly id: string;
      readonly impact: string;
      readonly help: string;
      readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
    }
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: readonly Fault[] }> } };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, help, nodes }) =>
          `${id}: ${help} at ${nodes.map(({ target }) => target.join(" ")).slice(0, 3)}; ${nodes[0]!.failureSummary}`,
      );
  });
}
