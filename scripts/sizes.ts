// Prints what a page pays for each job, and which rooms of the package it pays for: `npx tsx scripts/sizes.ts [--files]`,
// and with `--features` what single features cost it.
import { fileURLToPath } from "node:url";
import { type Bundle, bundle } from "./sizes/bundle.ts";
import { FEATURES, without } from "./sizes/features.ts";
import { codeOf, SIZE_JOBS, type SizeJob } from "./sizes/jobs.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const byFile = process.argv.includes("--files");

/** Bytes before gzip, by room, or by file. */
function parts({ files }: Bundle): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [file, bytes] of files) {
    const part = byFile ? file : file.replace(/\/.*/, "");
    sums.set(part, (sums.get(part) ?? 0) + bytes);
  }
  return sums;
}

// Less than this is the noise of gzip.
const WORTH_BYTES = 100;

/** What the job saves without each feature, and its size without all of them. */
async function printFeatures(job: SizeJob, whole: number): Promise<void> {
  const sizeWithout = async (features: readonly string[]) =>
    (await bundle(codeOf(job, "./src"), root, [without(features)])).gzipped;
  const found: string[] = [];
  for (const feature of Object.keys(FEATURES)) {
    const saved = whole - (await sizeWithout([feature]));
    if (saved < WORTH_BYTES) continue;
    found.push(feature);
    console.log(`  ${kilobytes(saved)} ${feature}`);
  }
  console.log(`  ${kilobytes(await sizeWithout(found))} without them`);
}

const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);

for (const job of SIZE_JOBS) {
  const made = await bundle(codeOf(job, "./src"), root);
  const unwanted = job.without.filter((text) => made.code.includes(text));
  const over = made.gzipped > job.ceiling ? " OVER" : "";
  const inside = unwanted.length > 0 ? `; has ${unwanted.join(", ")}` : "";
  console.log(
    `${job.what}: ${kilobytes(made.gzipped)} of ${kilobytes(job.ceiling)} kB gzipped${over}${inside}`,
  );
  const rows = [...parts(made)].sort(([, a], [, b]) => b - a);
  if (byFile) for (const [file, bytes] of rows) console.log(`  ${String(bytes).padStart(6)} ${file}`);
  else console.log(`  ${rows.map(([room, bytes]) => `${room} ${kilobytes(bytes)}`).join(", ")}`);
  if (process.argv.includes("--features")) await printFeatures(job, made.gzipped);
}
