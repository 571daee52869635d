// The benchmark: bundles bench/suite.ts, so that what runs is what users run, and starts it in a process of its own.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
// Inside the project, where the packages that it runs against are found.
const folder = `${root}bench/.tmp/`;
mkdirSync(folder, { recursive: true });

await build({
  absWorkingDir: root,
  entryPoints: ["bench/suite.ts"],
  outfile: `${folder}suite.mjs`,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  // The package declares its built files alone as having side effects; here it is bundled from source.
  ignoreAnnotations: true,
  logLevel: "warning",
});

const { status } = spawnSync(
  process.execPath,
  // Garbage is collected between two runs, which is not to throw away compiled functions: what is native, as
  // `JSON.parse`, would lose nothing. A million leaves of a naive contestant need their room.
  [
    "--expose-gc",
    "--no-flush-bytecode",
    "--max-old-space-size=8192",
    `${folder}suite.mjs`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: "inherit" },
);
process.exit(status ?? 1);
