// Bundles the packed package with every bundler and runs what comes out: `npm run test:bundlers [-- NAME...]`. With
// `--docs`, the sizes go into docs/bundlers.md.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { transform } from "esbuild";
import { BUNDLERS, type Bundler, type Expected, Unavailable } from "./bundlers/bundlers.ts";
import { run } from "./bundlers/run.ts";
import { makeConsumer } from "./runtimes/consumer.ts";
import { npm, root } from "./runtimes/npm.ts";

const docs = join(root, "docs/bundlers.md");
const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const chosen = BUNDLERS.filter(({ name }) => names.length === 0 || names.includes(name));

/** A row of the page: what came out, in words, and the size where there is one. */
interface Row {
  readonly bundler: Bundler;
  readonly outcome: "passed" | "failed" | "unavailable";
  readonly detail: string;
  readonly bytes?: number;
}

async function check(bundler: Bundler, folder: string, expected: Expected): Promise<Row> {
  try {
    const printed = await bundler.check(folder);
    const wanted = bundler.prints.map((what) => expected[what]);
    if (printed.join("\n") !== wanted.join("\n")) {
      return {
        bundler,
        outcome: "failed",
        detail: `printed\n${printed.join("\n")}\nnot\n${wanted.join("\n")}`,
      };
    }
    const bytes = bundler.size && (await gzipped(await bundler.size(folder)));
    return { bundler, outcome: "passed", detail: "", ...(bytes !== undefined && { bytes }) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { bundler, outcome: error instanceof Unavailable ? "unavailable" : "failed", detail };
  }
}

/** Minified once more, for Rollup leaves that to others. */
async function gzipped(path: string): Promise<number> {
  const { code } = await transform(readFileSync(path, "utf8"), { minify: true, format: "esm" });
  return gzipSync(code, { level: 9 }).byteLength;
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;

function page(rows: readonly Row[]): string {
  const table = rows.map(({ bundler, outcome, bytes }) => {
    const { packages, runtime } = bundler;
    const used = runtime ? [`${runtime.name}@${runtime.version}`] : packages;
    const versions = used.map((name) => `\`${name}\``).join(", ");
    const size = bytes === undefined ? "–" : kilobytes(bytes);
    return `| ${bundler.name} | ${versions} | ${outcome === "passed" ? "yes" : "not here"} | ${size} |`;
  });
  return ["| with | versions | works | `{ loadPytree }` |", "| --- | --- | --- | --- |", ...table].join("\n");
}

const { folder, remove } = makeConsumer();
const rows: Row[] = [];
try {
  cpSync(join(root, "scripts/bundlers/app"), folder, { recursive: true });
  mkdirSync(join(folder, "out"));
  const packages = [...new Set(chosen.flatMap(({ packages }) => packages))];
  if (packages.length > 0) npm(folder, "install", "--no-package-lock", ...packages);
  const [job = "", files = ""] = (await run(process.execPath, ["server.js"], folder)).trim().split("\n");
  for (const bundler of chosen) {
    const row = await check(bundler, folder, { job, files });
    rows.push(row);
    const size = row.bytes === undefined ? "" : `, { loadPytree } is ${kilobytes(row.bytes)} gzipped`;
    console.log(`${bundler.name}: ${row.outcome}${size}`);
    if (row.detail !== "") console.log(row.detail);
  }
} finally {
  if (!process.argv.includes("--keep")) remove();
}

if (process.argv.includes("--docs")) {
  const text = readFileSync(docs, "utf8");
  const [before] = text.split("<!-- table -->");
  const [, after] = text.split("<!-- end of table -->");
  writeFileSync(docs, `${before}<!-- table -->\n${page(rows)}\n<!-- end of table -->${after}`);
}
const failed = rows.filter(({ outcome }) => outcome === "failed").length;
console.log(`${rows.filter(({ outcome }) => outcome === "passed").length} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
