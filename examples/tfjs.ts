// Trains a small network with TensorFlow.js and saves it with the state of its optimizer. Run it twice: the second run
// goes on where the first ended, as if it had never stopped.
//
//   npx tsx examples/tfjs.ts run.safetensors
import { existsSync } from "node:fs";
import process from "node:process";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { initializers, layers, sequential } from "@tensorflow/tfjs-layers";
import { loadPytree, savePytree } from "pytree2safetensors/tfjs";

const [path = "run.safetensors", steps = "20"] = process.argv.slice(2);
await tf.setBackend("cpu");

// The task: a sine wave.
const x = tf.reshape(tf.linspace(-Math.PI, Math.PI, 64), [64, 1]);
const y = tf.sin(x);

const seeded = () => initializers.glorotUniform({ seed: 1 });
const model = sequential({
  layers: [
    layers.dense({ units: 32, activation: "tanh", inputShape: [1], kernelInitializer: seeded() }),
    layers.dense({ units: 32, activation: "tanh", kernelInitializer: seeded() }),
    layers.dense({ units: 1, kernelInitializer: seeded() }),
  ],
});
const optimizer = tf.train.adam(0.01);
model.compile({ optimizer, loss: "meanSquaredError" });

interface State {
  step: number;
  weights: tf.Tensor[];
  adam: Awaited<ReturnType<typeof optimizer.getWeights>>;
}

let step = 0;
if (existsSync(path)) {
  const state = await loadPytree<State>(path);
  step = state.step;
  model.setWeights(state.weights);
  await optimizer.setWeights(state.adam);
}

for (const end = step + Number(steps); step < end; ) {
  const loss = await model.trainOnBatch(x, y);
  console.log(`step ${++step}: loss ${loss}`);
}

await savePytree({ step, weights: model.weights, adam: await optimizer.getWeights() }, path);
