import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { report, tally } from "./check.ts";

/*
 * The proof against what we did not write, `npm run test:interop`: Python saves and we load, we save and Python
 * loads, random trees and mutated files are the same to both sides. Python is started twice (importing JAX takes
 * seconds); the halves talk through files in a temporary folder.
 *
 *     tsx interop/run.ts [--seed N] [--count N] [--mutations N] [--keep]
 *
 * Needs Python 3.11 and cargo. --count is the number of random trees (below 2,200 the run fails for lack of proof),
 * --keep leaves the files for a look.
 */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PYTHON = join(ROOT, "interop/.venv/bin/python");

const options = { seed: "1", count: "2500", mutations: "5000", ...parseArguments(process.argv.slice(2)) };
const keep = process.argv.includes("--keep");

const folder = mkdtempSync(join(tmpdir(), "pytree2safetensors-interop-"));
const python = join(folder, "python");
const javascript = join(folder, "javascript");
try {
  await step("virtual environment", () => start("bash", ["interop/venv.sh"]));
  mkdirSync(python);
  mkdirSync(javascript);
  const seed = ["--seed", options.seed];
  await step("Python writes", () =>
    start(PYTHON, ["interop/python_side.py", "write", folder, "--count", options.count, ...seed]),
  );

  await step("golden files", async () =>
    (await import("./golden.ts")).checkGolden(join(python, "golden"), join(ROOT, "test/fixtures/python")),
  );
  await step("kinds of trees", async () => {
    const { loadKinds, saveKinds } = await import("./kinds.ts");
    await loadKinds(join(python, "kinds"));
    await saveKinds(join(python, "kinds"), join(javascript, "kinds"));
  });
  await step("JavaScript's own trees", async () =>
    (await import("./own-trees.ts")).saveOwnTrees(join(javascript, "own")),
  );
  await step("models", async () => {
    const { saveModels, doubleModel } = await import("./models.ts");
    await saveModels(join(python, "model.safetensors"), javascript);
    await doubleModel(join(python, "model.safetensors"), javascript);
  });
  await step("coming from JAX", async () => {
    const models = join(folder, "coming-from-jax");
    mkdirSync(models);
    await start(PYTHON, ["interop/coming_from_jax.py", "write", models]);
    await (await import("./coming-from-jax.ts")).doubleModels(models);
    await start(PYTHON, ["interop/coming_from_jax.py", "read", models]);
  });
  await step("random trees", async () =>
    (await import("./random.ts")).checkRandomTrees(join(python, "random")),
  );
  await step("Orbax's keep rules", async () => {
    const file = join(python, "orbax.json");
    await start(PYTHON, ["interop/orbax_side.py", file, ...seed]);
    (await import("./orbax.ts")).checkOrbax(file);
  });
  await step("Python reads", () => start(PYTHON, ["interop/python_side.py", "read", folder, ...seed]));

  await step("reference program", () =>
    start("cargo", ["build", "--release", "--quiet", "--manifest-path", "interop/oracle/Cargo.toml"]),
  );
  await step("mutated files", async () => {
    const mutations = join(ROOT, "interop/mutations.ts");
    if (!existsSync(mutations)) throw new Error("interop/mutations.ts is missing");
    await start(process.execPath, ["--import", "tsx", mutations, "--count", options.mutations]);
    report("pass", `mutated files: ${options.mutations}, what the reference refuses we refuse`);
  });
} finally {
  if (keep) console.log(`kept ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;

/** Runs one step; what it throws is a failed check, and the next step runs all the same. */
async function step(name: string, run: () => unknown): Promise<void> {
  const before = tally.failed;
  try {
    await run();
  } catch (error) {
    // A program that printed its failures has them counted already.
    if (tally.failed === before) report("fail", `${name}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Runs a program, counts the `pass` and `fail` lines that it prints and passes the others on. */
async function start(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", (cause) => reject(new Error(`${command} does not start: ${cause.message}`)));
    child.on("close", resolve);
  });
  // Waits for both: an error event comes without a single line.
  const lines = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const [, outcome, text] = /^(pass|fail) (.*)$/.exec(line) ?? [];
      if (outcome === "pass" || outcome === "fail") report(outcome, text!);
      else console.log(line);
    }
  })();
  const [code] = await Promise.all([ended, lines]);
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with code ${code}`);
}

function parseArguments(args: readonly string[]): Partial<Record<"seed" | "count" | "mutations", string>> {
  const found: Partial<Record<"seed" | "count" | "mutations", string>> = {};
  for (const name of ["seed", "count", "mutations"] as const) {
    const value = args[args.indexOf(`--${name}`) + 1];
    if (args.includes(`--${name}`) && value !== undefined) found[name] = value;
  }
  return found;
}
