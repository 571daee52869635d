// Builds dist/: from src/ JavaScript, declarations and source maps, one file each; beside them the command line and the page.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCli } from "./build-cli.ts";
import { buildViewer } from "./build-viewer.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const dist = join(root, "dist");

/** Compiles the library in a process of its own, so that the rest is built meanwhile. */
function compile(): Promise<void> {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const child = spawn(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`tsc ended with code ${code}`))));
  });
}

// What a renamed source file left behind is not to be published.
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
await Promise.all([compile(), buildCli(join(dist, "cli")), buildViewer()]);
