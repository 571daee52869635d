// Runs one suite with the package as published in every runtime: `npm run test:runtimes [-- NAME...]`, where
// a name is `node-22`, `node` or `bun`, say.
import { spawn } from "node:child_process";
import { startServer } from "../test/runtimes/server.ts";
import { bundleSuite, makeConsumer } from "./runtimes/consumer.ts";
import { install, RUNTIMES, type Runtime } from "./runtimes/install.ts";

// Many times what the slowest takes.
const TIMEOUT_MS = 120_000;

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

async function main(): Promise<Counts> {
  const chosen = chooseRuntimes();
  const consumer = makeConsumer();
  try {
    const suite = await bundleSuite(consumer, "test/runtimes/main.ts", "suite.js");
    const all: Counts[] = [];
    for (const runtime of chosen) {
      const started = performance.now();
      const counts = await run(runtime, install(runtime), consumer.folder, suite);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(
        `${runtime.name} ${runtime.version}: ${counts.passed} passed, ${counts.failed} failed (${seconds} s)`,
      );
      all.push(counts);
    }
    return {
      passed: all.reduce((sum, { passed }) => sum + passed, 0),
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
    };
  } finally {
    consumer.remove();
  }
}

function chooseRuntimes(): readonly Runtime[] {
  const names = process.argv
    .slice(2)
    .filter((name, i, args) => !name.startsWith("--") && args[i - 1] !== "--package");
  if (names.length === 0) return RUNTIMES;
  const chosen = RUNTIMES.filter(({ name, version }) =>
    names.some((wanted) => wanted === name || `${name}-${version}.`.startsWith(`${wanted}.`)),
  );
  if (chosen.length > 0) return chosen;
  throw new Error(
    `no such runtime; there are ${RUNTIMES.map(({ name, version }) => `${name}-${version}`).join(", ")}`,
  );
}

/** Runs the suite; a runtime that crashes, hangs or prints no counts has failed. */
async function run(runtime: Runtime, program: string, folder: string, suite: string): Promise<Counts> {
  const server = await startServer();
  try {
    const { code, output } = await execute(program, [...runtime.args, suite, server.url], folder);
    const match = /^(\d+) passed, (\d+) failed\s*$/m.exec(output);
    const counts = { passed: Number(match?.[1] ?? 0), failed: Number(match?.[2] ?? 0) };
    if (code === 0 && counts.passed > 0 && counts.failed === 0) return counts;
    console.log(output.trimEnd());
    if (counts.failed > 0) return counts;
    console.log(`FAILED ${runtime.name} ${runtime.version}: ended with ${code}`);
    return { passed: counts.passed, failed: 1 };
  } finally {
    await server.close();
  }
}

function execute(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number | string; output: string }> {
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      DENO_NO_UPDATE_CHECK: "1",
      DENO_DIR: `${cwd}/.deno`,
      NO_COLOR: "1",
      NODE_OPTIONS: "",
    };
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, TIMEOUT_MS);
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: late ? `no end after ${TIMEOUT_MS / 1000} s` : (code ?? signal ?? "nothing"), output });
    });
  });
}

const { passed, failed } = await main();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
