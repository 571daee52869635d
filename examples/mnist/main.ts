// Trains a network on handwritten digits, saves its whole training state as one safetensors file, and has a
// fresh process load that file and go on. Run it with `npm start`.
import { spawnSync } from "node:child_process";
import { mkdir, stat } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defaultDevice, init } from "@jax-js/jax";
import { openSafetensors } from "pytree2safetensors";
import { savePytree } from "pytree2safetensors/jax-js";
import { loadDigits } from "./data.ts";
import { formatBytes, printTree } from "./print-tree.ts";
import { exactly, milliseconds, percent, seconds, trainUntil } from "./progress.ts";
import { TrainState } from "./train.ts";

const GOAL = 0.95;
// The first process trains this far; the second finishes.
const FIRST_EPOCHS = 12;

const started = performance.now();
await init("cpu", "wasm");
defaultDevice("wasm");

const digits = await loadDigits();
console.log(
  `1. Training on ${digits.train.labels.length} digits; ${digits.heldOut.labels.length} are held out.`,
);
const state = new TrainState({ seed: 0, digits: digits.train.labels.length });
trainUntil(FIRST_EPOCHS, state, digits);
console.log(`  ${exactly(state.metrics)}`);

const out = new URL("out/", import.meta.url);
await mkdir(out, { recursive: true });
const path = relative(".", fileURLToPath(new URL("mnist.safetensors", out)));
console.log(`\n2. Saving the training state to ${path}`);
const savingStarted = performance.now();
await savePytree(state, path);
const took = milliseconds(savingStarted);
const { size } = await stat(path);

const file = await openSafetensors(path);
printTree(state, file);
await file.close();
console.log(`  ${file.names.length} tensors, ${formatBytes(size)}, saved in ${took}`);

console.log("\n3. A fresh process loads the file and goes on");
const resume = fileURLToPath(new URL("resume.ts", import.meta.url));
const { status } = spawnSync(process.execPath, [...process.execArgv, resume, path], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);

// The file that the other process saved; only the one number is read.
const finished = await openSafetensors(path);
const accuracy = Number((await finished.tensor("metrics@accuracy")).item());
await finished.close();
console.log(
  `\n4. Held-out accuracy ${percent(accuracy)} after ${seconds(started)}; the training state is in ${path}`,
);
if (accuracy < GOAL) {
  console.error(`That is less than the ${percent(GOAL)} that this example is to reach.`);
  process.exit(1);
}
