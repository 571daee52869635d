// Trains a network on handwritten digits. Kill it whenever you like and start it again: it goes on where it was.
//
//     npx tsx examples/training.ts FOLDER
import { defaultDevice, init, jit, nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";
import { CheckpointManager } from "pytree2safetensors/jax-js";
import { batchOf, type Digits, loadDigits, PIXELS } from "./mnist/data.ts";

const STEPS = 600;
const BATCH = 64;
const LEARNING_RATE = 0.002;
const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-8];

type Params = { layers: { weight: np.Array; bias: np.Array }[] };
/** Everything that a run needs to go on: this is the tree that is saved. */
type State = { params: Params; mean: Params; variance: Params; step: number };

/** Fresh weights, and Adam's running means at zero. */
function initState(widths: readonly number[], seed: number): State {
  const layers = widths.slice(1).map((outputs, i) => {
    const scale = Math.sqrt(2 / widths[i]!);
    const weight = random.normal(random.key(seed * widths.length + i), [widths[i]!, outputs]).mul(scale);
    return { weight, bias: np.zeros([outputs]) };
  });
  const zeros = (): Params => tree.map((x: np.Array) => np.zeros(x.shape), { layers });
  return { params: { layers }, mean: zeros(), variance: zeros(), step: 0 };
}

// jax-js functions consume their arguments; `ref` keeps what is used again.
function logits({ layers }: Params, images: np.Array): np.Array {
  return layers.reduce((x, { weight, bias }, i) => {
    const y = np.dot(x, weight).add(bias);
    return i < layers.length - 1 ? nn.relu(y) : y;
  }, images);
}

function lossOf(params: Params, images: np.Array, labels: np.Array): np.Array {
  const count = images.shape[0]!;
  const logProbabilities = nn.logSoftmax(logits(params, images), -1);
  const chosen = logProbabilities.mul(nn.oneHot(labels, 10)).sum();
  return chosen.mul(-1 / count);
}

const update = jit(
  (params: Params, mean: Params, variance: Params, images: np.Array, labels: np.Array, rate: np.Array) => {
    const [loss, gradient] = valueAndGrad(lossOf)(tree.ref(params), images, labels);
    const means: Params = tree.map(
      (m: np.Array, g: np.Array) => m.mul(BETA_1).add(g.mul(1 - BETA_1)),
      mean,
      tree.ref(gradient),
    );
    const variances: Params = tree.map(
      (v: np.Array, g: np.Array) => v.mul(BETA_2).add(np.square(g).mul(1 - BETA_2)),
      variance,
      gradient,
    );
    const next: Params = tree.map(
      (p: np.Array, m: np.Array, v: np.Array) => p.sub(m.mul(rate.ref).div(np.sqrt(v).add(EPSILON))),
      params,
      tree.ref(means),
      tree.ref(variances),
    );
    rate.dispose();
    return [loss, next, means, variances] satisfies [np.Array, ...Params[]];
  },
);
const outputs = jit(logits);

/** One step of Adam; the loss before it. */
function trainStep(state: State, digits: Digits): number {
  const { images, labels } = batchOf(digits, BATCH, state.step++);
  const rate = (LEARNING_RATE * Math.sqrt(1 - BETA_2 ** state.step)) / (1 - BETA_1 ** state.step);
  const [loss, params, mean, variance] = update(
    state.params,
    state.mean,
    state.variance,
    np.array(images, { shape: [BATCH, PIXELS] }),
    np.array(labels),
    np.array(rate),
  );
  Object.assign(state, { params, mean, variance });
  return loss.item();
}

/** The part of the digits that the network reads right. */
function accuracyOf({ params }: State, { images, labels }: Digits): number {
  const found = outputs(tree.ref(params), np.array(images, { shape: [labels.length, PIXELS] }));
  const right = np.equal(np.argmax(found, -1), np.array(labels));
  return right.astype(np.int32).sum().item() / labels.length;
}

await init("cpu", "wasm");
defaultDevice("wasm");
const { train, heldOut } = await loadDigits();
const manager = await CheckpointManager.open(process.argv[2] ?? "runs/mnist", {
  saveEvery: 50,
  keep: { last: 2, every: 200, best: { metric: "accuracy", mode: "max" } },
});
try {
  let state = initState([PIXELS, 256, 128, 10], 0);
  if (await manager.latest()) {
    state = (await manager.restore({ into: state })).tree; // every leaf, or an error that says which is missing
    console.log(`resumed at step ${state.step}`);
  }
  while (state.step < STEPS) {
    const loss = trainStep(state, train);
    console.log(`step ${state.step} loss ${loss}`);
    const isDue = state.step % 50 === 0;
    const accuracy = isDue ? accuracyOf(state, heldOut) : Number.NaN;
    await manager.save(state.step, state, { metrics: { loss, accuracy } });
    if (isDue) console.log(`accuracy ${accuracy}`);
  }
} finally {
  await manager.close(); // when what was saved is on the disk
}
