/*
 * A test runner for Stryker that stays in one process. Stryker's own for Vitest starts a worker and loads all modules
 * anew for each mutant, which takes three seconds of processor time; here the tests are bundled once, and a mutant costs
 * what the tests cost that reach it.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { declareFactoryPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { build } from "esbuild";
import { tests } from "./harness.mjs";

// The tests of the rooms that are mutated, and none that starts programs, measures memory, or is large: with every
// statement counting how often it runs, that takes minutes.
const FOLDERS = ["test/format", "test/tree", "test/fixtures"];
const FILES = ["test/reliability/trees.test.ts"];
const EXCLUDED = ["bombs.test.ts", "large.test.ts"];
// What a mutant leaves in a module, if anything, is gone with the module after so many.
const MUTANTS_PER_LOAD = 40;

const namespace = "__stryker__";
globalThis[namespace] ??= {};
const stryker = globalThis[namespace];

/**
 * Files as they are bundled know their own place, and made-up trees are fewer: what they find, few of them find. Only the
 * dry run counts which tests reach which mutants; that takes ten times as long as the tests.
 */
const source = (counts) => ({
  name: "source",
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const contents = text
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href))
        .replace(
          /numRuns: ([\d_]+)/g,
          (_, runs) => `numRuns: ${Math.ceil(Number(runs.replace("_", "")) / 20)}`,
        );
      return { contents: counts ? contents : contents.replace(COUNTER, "$&return;"), loader: "ts" };
    });
  },
});

// The function that Stryker writes into each file to count.
const COUNTER = /function stryCov_\w+\(\) \{/;

class InProcessRunner {
  #loads = 0;
  // How many mutants the modules that are loaded have seen.
  #mutants = Number.POSITIVE_INFINITY;

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    const files = FOLDERS.flatMap((folder) =>
      readdirSync(folder)
        .filter((file) => file.endsWith(".test.ts") && !EXCLUDED.includes(file))
        .map((file) => `${folder}/${file}`),
    ).concat(FILES);
    mkdirSync(".tmp", { recursive: true });
    const contents = files.map((file) => `import ${JSON.stringify(`./${file}`)};`).join("\n");
    for (const counts of [true, false]) await this.#build(contents, counts);
  }

  async #build(contents, counts) {
    await build({
      stdin: { contents, resolveDir: process.cwd() },
      outfile: this.#bundle(counts),
      bundle: true,
      format: "esm",
      platform: "node",
      packages: "external",
      // The package says that its files have no side effects; tests have nothing else.
      ignoreAnnotations: true,
      alias: { pytree2safetensors: join(process.cwd(), "src/index.node.ts") },
      plugins: [harnessOutside, source(counts)],
      logLevel: "error",
    });
  }

  async dryRun() {
    await this.#load(true);
    this.#mutants = Number.POSITIVE_INFINITY;
    const results = [];
    for (const test of tests) {
      stryker.currentTestId = test.id;
      const start = performance.now();
      const failure = await test.run();
      const timeSpentMs = performance.now() - start;
      stryker.currentTestId = undefined;
      const common = { id: test.id, name: test.name, timeSpentMs };
      results.push(
        failure ? { ...common, status: 1, failureMessage: String(failure) } : { ...common, status: 0 },
      );
    }
    return { status: "complete", tests: results, mutantCoverage: stryker.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation, reloadEnvironment }) {
    if (mutantActivation === "static") stryker.activeMutant = activeMutant.id;
    if (reloadEnvironment || ++this.#mutants > MUTANTS_PER_LOAD) await this.#load(false);
    if (mutantActivation === "static") this.#mutants = Number.POSITIVE_INFINITY;
    const wanted = testFilter && new Set(testFilter);
    const chosen = wanted ? tests.filter(({ id }) => wanted.has(id)) : tests;
    Object.assign(stryker, { activeMutant: activeMutant.id, hitCount: hitLimit && 0, hitLimit });
    try {
      let ran = 0;
      for (const test of chosen) {
        ran++;
        const failure = await test.run();
        if (hitLimit && stryker.hitCount > hitLimit) return { status: "timeout", reason: "hit limit" };
        if (failure) {
          return { status: "killed", killedBy: [test.id], failureMessage: String(failure), nrOfTests: ran };
        }
      }
      return { status: "survived", nrOfTests: ran };
    } finally {
      Object.assign(stryker, { activeMutant: undefined, hitCount: undefined, hitLimit: undefined });
    }
  }

  async #load(counts) {
    tests.length = 0;
    this.#mutants = 0;
    await import(`${pathToFileURL(this.#bundle(counts)).href}?${this.#loads++}`);
  }

  #bundle(counts) {
    return join(process.cwd(), `.tmp/mutants-${process.pid}${counts ? "-counting" : ""}.mjs`);
  }
}

// The bundle and this file must share the list of tests.
const harnessOutside = {
  name: "harness",
  setup(builder) {
    builder.onResolve({ filter: /^vitest$/ }, () => ({
      path: new URL("harness.mjs", import.meta.url).href,
      external: true,
    }));
  },
};

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, "in-process", () => new InProcessRunner()),
];
