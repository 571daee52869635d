/*
 * A coverage-guided fuzzer of everything that reads what strangers write, in plain JavaScript:
 *
 *     npm run fuzz -- [--seconds 60] [--runs N] [--seed 1] [--target header|keys|structure|file]
 *
 * The same seed gives the same inputs. What crashes is written into `corpus/`, where every later run tries it again.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { Job, Message } from "./engine.ts";
import { COUNTERS, instrument } from "./instrument.ts";
import { TARGETS } from "./targets.ts";

const CORPUS = fileURLToPath(new URL("corpus", import.meta.url));
// An input of a few kilobytes that takes so long will not end.
const HANG_MS = 20_000;
const NOTES_BYTES = 64 * 2 ** 10;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    runs: { type: "string", default: "Infinity" },
    seed: { type: "string", default: "1" },
    target: { type: "string", multiple: true, default: TARGETS.map(({ name }) => name) },
  },
});
const failures: string[] = [];
const scratch = await mkdtemp(join(tmpdir(), "pytree2safetensors-fuzz-"));
try {
  const runs = await fuzz(await bundle());
  for (const failure of failures) console.error(failure);
  console.log(`${runs} passed, ${failures.length} failed`);
} finally {
  await rm(scratch, { recursive: true });
}
process.exitCode = failures.length > 0 ? 1 : 0;

/** The engine as one script, with counters in every branch of the library. */
async function bundle(): Promise<string> {
  const outfile = join(scratch, "engine.mjs");
  const entry = fileURLToPath(new URL("engine.ts", import.meta.url));
  // The package's list of side effects is about `dist`.
  const options = { bundle: true, platform: "node", format: "esm", target: "es2022" } as const;
  const banner = { js: `globalThis.__counters = new Uint32Array(${COUNTERS});` };
  const plugins = [instrument(/[\\/]src[\\/](base|tensor|tree|format|checkpoint)[\\/].*\.ts$/)];
  await build({ entryPoints: [entry], outfile, ignoreAnnotations: true, banner, plugins, ...options });
  return outfile;
}

function fuzz(script: string): Promise<number> {
  const notes = new SharedArrayBuffer(NOTES_BYTES);
  const header = new Int32Array(notes, 0, 3);
  const job: Job = {
    seed: Number(values.seed),
    seconds: Number(values.seconds),
    runs: Number(values.runs),
    targets: values.target,
    corpus: Object.fromEntries(TARGETS.map(({ name }) => [name, readCorpus(name)])),
    notes,
  };
  const worker = new Worker(pathToFileURL(script), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  });
  return new Promise((resolve) => {
    let last = -1;
    const lastInput = () => Buffer.from(new Uint8Array(notes, 12, header[1])).toString("latin1");
    const die = (fault: string) => {
      clearInterval(watch);
      report(TARGETS[header[0]!]!.name, lastInput(), fault);
      void worker.terminate();
      resolve(header[2]!);
    };
    const watch = setInterval(() => {
      const now = Atomics.load(header, 2);
      if (now === last) die("does not end");
      last = now;
    }, HANG_MS);
    worker.on("message", (message: Message) => {
      if (message.kind === "crash") return report(message.target, message.input, message.fault);
      clearInterval(watch);
      for (const line of message.report) console.log(line);
      resolve(message.runs);
    });
    worker.on("error", (error) => die(`${error.name}: ${error.message}`));
  });
}

function readCorpus(target: string): string[] {
  const folder = join(CORPUS, target);
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), "latin1"));
}

function report(target: string, input: string, fault: string): void {
  const name = `crash-${createHash("sha256").update(input, "latin1").digest("hex").slice(0, 12)}`;
  const path = join(CORPUS, target, name);
  mkdirSync(join(CORPUS, target), { recursive: true });
  writeFileSync(path, input, "latin1");
  failures.push(`FAILED ${target}: ${fault}\n  input: ${path}\n  ${JSON.stringify(input.slice(0, 300))}`);
}
