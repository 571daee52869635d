// The fresh process that main.ts starts: loads a saved training state, checks it, goes on training from there.
import { defaultDevice, init } from "@jax-js/jax";
import { loadIntoPytree, savePytree } from "pytree2safetensors/jax-js";
import { loadDigits } from "./data.ts";
import { exactly, milliseconds, trainUntil } from "./progress.ts";
import { EPOCHS, evaluate, TrainState } from "./train.ts";

const path = process.argv[2];
if (path === undefined) throw new Error("usage: resume.ts <file>");

await init("cpu", "wasm");
defaultDevice("wasm");
const digits = await loadDigits();

// Other random weights, so that nothing can be right by chance.
const template = new TrainState({ seed: 1, digits: digits.train.labels.length });
console.log(`  new template:    ${exactly(evaluate(template, digits.heldOut))}`);

const started = performance.now();
const state = await loadIntoPytree(template, path);
const took = milliseconds(started);
const metrics = evaluate(state, digits.heldOut);
console.log(`  loaded in ${took.padEnd(6)} ${exactly(metrics)}`);
if (metrics.accuracy !== state.metrics.accuracy || metrics.loss !== state.metrics.loss) {
  console.error(`  not what was saved: ${exactly(state.metrics)}`);
  process.exit(1);
}
console.log(
  `  the same to the last digit; going on at epoch ${state.epoch + 1}, step ${state.optimizer.count + 1}`,
);

trainUntil(EPOCHS, state, digits);
await savePytree(state, path);
