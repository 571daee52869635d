import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { chromium, type Download, type Page } from "playwright-core";
import { requireProgram } from "./debian.ts";

/** A page in Debian's Chromium, and what only one that drives a browser can do. */
export interface DrivenPage {
  readonly version: string;
  goto(url: string): Promise<void>;
  /** Chooses a file in the page's `#chosen` input. */
  choose(path: string): Promise<void>;
  /** The SHA-256 of the next file that the page downloads. */
  downloaded(): Promise<string>;
  /** Sets how many bytes the page's origin may store; `null` lifts it. */
  limitQuota(bytes: number | null): Promise<void>;
  close(): Promise<void>;
}

/** Where Debian has it. */
export const CHROMIUM = "/usr/bin/chromium";

// As root there is no sandbox to be had; the rest keeps the browser from talking to anyone but us.
export const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium, installed from Debian's packages if it is missing, with a new profile in `profile`. */
export async function openChromium(profile: string, onConsole: (line: string) => void): Promise<DrivenPage> {
  const executablePath = requireProgram(CHROMIUM, "chromium");
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ARGS,
    ignoreHTTPSErrors: true,
    acceptDownloads: true,
  });
  const page: Page = context.pages()[0] ?? (await context.newPage());
  page.on("pageerror", (error) => onConsole(String(error)));
  page.on("crash", () => onConsole("the page crashed"));
  // Listened for from the start: the page may be faster than its own question.
  const downloads: Download[] = [];
  let wake = () => {};
  page.on("download", (download) => {
    downloads.push(download);
    wake();
  });
  return {
    version: context.browser()?.version() ?? "",
    goto: async (url) => {
      await page.goto(url);
    },
    choose: (path) => page.setInputFiles("#chosen", path),
    async downloaded() {
      while (downloads.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const path = await downloads.shift()!.path();
      return createHash("sha256").update(readFileSync(path)).digest("hex");
    },
    async limitQuota(bytes) {
      const session = await context.newCDPSession(page);
      const { origin } = new URL(page.url());
      await session.send("Storage.overrideQuotaForOrigin", {
        origin,
        ...(bytes !== null && { quotaSize: bytes }),
      });
      // The quota ends with the session that set it.
      if (bytes === null) await session.detach();
    },
    close: () => context.close(),
  };
}
