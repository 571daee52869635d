import { jit, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { registerDataclass } from "pytree2safetensors";
import { batches, type Digits, normalise, PIXELS } from "./data.ts";
import { initParams, logits, loss, type Params } from "./model.ts";
import { AdamState, adamStep } from "./optimizer.ts";

/** Epochs of the whole run, the first process's and the second's. */
export const EPOCHS = 16;
const BATCH = 64;

/** Everything that a run needs to go on where it stopped. This is the tree that the example saves. */
export class TrainState {
  params: Params;
  optimizer: AdamState;
  /** Averaged weights, for runs that keep them; this one does not. */
  ema: Params | null = null;
  epoch = 0;
  /** On the held-out digits, after the last epoch. */
  metrics: Metrics = { accuracy: 0, loss: 0 };
  readonly widths: readonly number[] = [PIXELS, 256, 128, 10];
  readonly activation = "relu";

  /** A fresh state, to train on as many `digits`. */
  constructor({ seed, digits }: { seed: number; digits: number }) {
    this.params = initParams(this.widths, seed);
    this.optimizer = new AdamState(this.params, {
      learningRate: 0.002,
      schedule: "cosine",
      totalSteps: EPOCHS * batchCount(digits),
    });
  }
}

registerDataclass(TrainState, {
  name: "mnist.TrainState",
  dataFields: ["params", "optimizer", "ema", "epoch", "metrics"],
  metaFields: ["widths", "activation"],
});

/** How well the network reads digits. */
export type Metrics = { accuracy: number; loss: number };

const step = jit(
  (
    params: Params,
    mean: Params,
    variance: Params,
    images: np.Array,
    labels: np.Array,
    stepSize: np.Array,
  ) => {
    const [value, gradient] = valueAndGrad(loss)(tree.ref(params), images, labels);
    return [value, ...adamStep(params, mean, variance, gradient, stepSize)] satisfies [np.Array, ...Params[]];
  },
);

const outputs = jit(logits);
const lossOf = jit(loss);

/** Trains `state` on every training digit once. Returns the mean loss; calls `onProgress` with the part done. */
export function trainEpoch(state: TrainState, digits: Digits, onProgress: (part: number) => void): number {
  const total = batchCount(digits.labels.length);
  let [sum, done] = [0, 0];
  for (const batch of batches(digits, BATCH, state.epoch)) {
    const { optimizer } = state;
    const [value, params, mean, variance] = step(
      state.params,
      optimizer.mean,
      optimizer.variance,
      asArray(batch.images),
      np.array(batch.labels),
      np.array(optimizer.stepSize),
    );
    state.params = params;
    optimizer.mean = mean;
    optimizer.variance = variance;
    optimizer.count++;
    sum += value.item();
    onProgress(++done / total);
  }
  state.epoch++;
  return sum / done;
}

/** Accuracy and mean loss of `state` on `digits`. The same weights give the same numbers, to the last bit. */
export function evaluate(state: TrainState, digits: Digits): Metrics {
  const images = asArray(normalise(digits.images));
  const labels = np.array(digits.labels);
  const guesses = np.argmax(outputs(tree.ref(state.params), images.ref), -1);
  const correct = np.equal(guesses, labels.ref).astype(np.int32).sum().item();
  const meanLoss = lossOf(tree.ref(state.params), images, labels).item();
  return { accuracy: correct / digits.labels.length, loss: meanLoss };
}

function asArray(images: Float32Array<ArrayBuffer>): np.Array {
  return np.array(images, { shape: [images.length / PIXELS, PIXELS] });
}

function batchCount(digits: number): number {
  return Math.floor(digits / BATCH);
}
