import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPackageFromTarballData } from "@arethetypeswrong/core";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder with the packed package, and nothing else of this project, in its `node_modules`. */
    consumer: string;
    /** The path of the tarball that `npm publish` would upload. */
    tarball: string;
  }
}

const root = fileURLToPath(new URL("../../../", import.meta.url));

// What the examples in the documentation may import besides the package itself.
const PEERS = [
  "@jax-js/jax",
  "@tensorflow/tfjs-core",
  "@tensorflow/tfjs-backend-cpu",
  "@tensorflow/tfjs-layers",
  "@huggingface/hub",
  // What the recipes migrate from.
  "@jax-js/loaders",
  "safetensors",
];

/** Builds and packs the package, and installs the tarball into an empty project, without the network. */
export default function setup(project: TestProject): () => void {
  const consumer = mkdtempSync(join(tmpdir(), "pytree2safetensors-consumer-"));
  npm("run", "build");
  npm("pack", "--ignore-scripts", "--pack-destination", consumer);

  const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const tarball = join(consumer, `${name}-${version}.tgz`);
  const packed = createPackageFromTarballData(readFileSync(tarball));
  for (const path of packed.listFiles()) {
    write(join(consumer, path), packed.readFile(path));
  }
  for (const peer of PEERS) {
    const link = join(consumer, "node_modules", peer);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", peer), link, "junction");
  }
  // The package of TensorFlow.js that people install is these three, and backends for browsers.
  const tfjs = ["core", "layers", "backend-cpu"]
    .map((part) => `export * from "@tensorflow/tfjs-${part}";\n`)
    .join("");
  const folder = join(consumer, "node_modules/@tensorflow/tfjs");
  write(join(folder, "package.json"), '{ "type": "module", "exports": "./index.js" }');
  for (const file of ["index.js", "index.d.ts"]) write(join(folder, file), tfjs);
  write(join(consumer, "package.json"), '{ "type": "module", "private": true }');

  project.provide("consumer", consumer);
  project.provide("tarball", tarball);
  return () => rmSync(consumer, { recursive: true, force: true });
}

function npm(...args: string[]): void {
  const windows = process.platform === "win32";
  const command = windows ? "npm.cmd" : "npm";
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    shell: windows,
  });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stdout}${stderr}`);
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
