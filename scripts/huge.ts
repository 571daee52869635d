// Files and tensors too large for one memory, with the package as published: `npm run test:huge [-- PART...]`.
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import type { Result } from "../test/runtimes/harness.ts";
import { bundleSuite, makeConsumer } from "./runtimes/consumer.ts";
import { install, NEWEST_NODE } from "./runtimes/install.ts";
import { root } from "./runtimes/npm.ts";
import { printFailures } from "./runtimes/report.ts";

/** A part of the suite and the Node that runs it; the machine's own unless told. */
interface Part {
  readonly name: string;
  readonly node?: () => string;
}

const PARTS: Readonly<Record<string, Part>> = {
  sparse: { name: "sparse" },
  tensors: { name: "tensors" },
  bytes: { name: "bytes" },
  // Newer Nodes have longer arrays of bytes, so the same tests ask for something else.
  "bytes-newest": { name: "bytes", node: () => install(NEWEST_NODE) },
  real: { name: "real" },
};

const DISK_BYTES = 7e9; // the real file of 6 GB
const MEMORY_BYTES = 8e9; // a tensor of 5 GiB, and Node

async function main(): Promise<Result[]> {
  const chosen = process.argv.slice(2).filter((name) => Object.hasOwn(PARTS, name));
  const parent = join(root, ".tmp");
  mkdirSync(parent, { recursive: true });
  requireRoom(parent);
  const consumer = makeConsumer();
  const folder = mkdtempSync(join(parent, "huge-"));
  try {
    const suite = await bundleSuite(consumer, "test/huge/main.ts", "huge.js");
    const all: Result[] = [];
    for (const [label, { name, node = () => process.execPath }] of Object.entries(PARTS)) {
      if (chosen.length > 0 && !chosen.includes(label)) continue;
      const started = performance.now();
      const own = mkdtempSync(join(folder, `${label}-`));
      const results = await run(node(), suite, [name, own]);
      rmSync(own, { recursive: true });
      printFailures(results, `${label}: `);
      for (const { name, milliseconds } of results)
        console.log(`  ${name} (${(milliseconds / 1000).toFixed(1)} s)`);
      console.log(
        `${label}: ${results.length} tests (${((performance.now() - started) / 1000).toFixed(1)} s)`,
      );
      all.push(...results);
    }
    return all;
  } finally {
    consumer.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Too little room is a failure, never a reason to leave something out. */
function requireRoom(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < DISK_BYTES) {
    throw new Error(`${folder} has ${bavail * bsize} bytes free; these tests need ${DISK_BYTES}`);
  }
  const available = process.availableMemory?.() ?? freemem();
  if (available < MEMORY_BYTES) {
    throw new Error(`there are ${available} bytes of memory to be had; these tests need ${MEMORY_BYTES}`);
  }
}

function run(execPath: string, suite: string, args: string[]): Promise<readonly Result[]> {
  return new Promise((resolve) => {
    let results: readonly Result[] | undefined;
    const child = fork(suite, args, { execPath, execArgv: ["--expose-gc"] });
    child.on("message", (message) => {
      results = message as readonly Result[];
    });
    child.on("close", (code, signal) => {
      const crashed = { name: `${args[0]}`, milliseconds: 0, error: `ended with ${code ?? signal}` };
      resolve(code === 0 && results !== undefined ? results : [...(results ?? []), crashed]);
    });
  });
}

const results = await main();
const failed = results.filter(({ error }) => error !== undefined).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;
