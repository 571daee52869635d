import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DrivenPage } from "./chromium.ts";
import { requireProgram } from "./debian.ts";

// No updates, no telemetry, no pages of its own: the browser talks to nobody but us.
const PREFERENCES = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "browser.aboutwelcome.enabled": false,
  "browser.safebrowsing.downloads.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.systemAddon.update.enabled": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.enabled": false,
};

/**
 * A page in Debian's Firefox, started with its address and otherwise left alone: playwright-core drives only a
 * Firefox that it has patched itself. So there is nobody to choose files or take downloads.
 */
export async function openFirefox(profile: string): Promise<DrivenPage> {
  const program = requireProgram("/usr/bin/firefox-esr", "firefox-esr");
  const version = /\d[\w.]*/.exec(spawnSync(program, ["--version"], { encoding: "utf8" }).stdout)?.[0] ?? "";
  const lines = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`,
  );
  writeFileSync(join(profile, "user.js"), lines.join(""));
  let close = async () => {};
  const undriven = async () => {
    throw new Error("nobody drives this browser");
  };
  return {
    version,
    async goto(url) {
      const child = spawn(program, ["--headless", "--no-remote", "--profile", profile, url], {
        stdio: "ignore",
        env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
      });
      close = async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once("close", resolve));
        child.kill("SIGTERM");
        await ended;
      };
    },
    choose: undriven,
    downloaded: undriven,
    limitQuota: undriven,
    close: () => close(),
  };
}
