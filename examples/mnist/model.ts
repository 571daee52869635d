import { nn, numpy as np, random } from "@jax-js/jax";

/** The weights: plain objects and arrays, which is what jax-js differentiates and compiles over. */
export type Params = { layers: { weight: np.Array; bias: np.Array }[] };

/** A network of dense layers, `widths[0]` inputs to `widths.at(-1)` outputs, with fresh random weights. */
export function initParams(widths: readonly number[], seed: number): Params {
  const layers = widths.slice(1).map((outputs, i) => {
    const inputs = widths[i]!;
    const key = random.key(seed * widths.length + i);
    return {
      // He initialisation keeps the signal's size through ReLU layers.
      weight: random.normal(key, [inputs, outputs]).mul(Math.sqrt(2 / inputs)),
      bias: np.zeros([outputs]),
    };
  });
  return { layers };
}

/** The network's output for each image, before the softmax. Consumes its arguments, as jax-js functions do. */
export function logits({ layers }: Params, images: np.Array): np.Array {
  return layers.reduce((x, { weight, bias }, i) => {
    const y = np.dot(x, weight).add(bias);
    return i < layers.length - 1 ? nn.relu(y) : y;
  }, images);
}

/** Mean cross-entropy. Consumes its arguments. */
export function loss(params: Params, images: np.Array, labels: np.Array): np.Array {
  const count = images.shape[0]!;
  const logProbabilities = nn.logSoftmax(logits(params, images), -1);
  return logProbabilities
    .mul(nn.oneHot(labels, 10))
    .sum()
    .mul(-1 / count);
}
