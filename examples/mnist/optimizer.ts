import { numpy as np, tree } from "@jax-js/jax";
import { registerDataclass } from "pytree2safetensors";
import type { Params } from "./model.ts";

/** What is fixed for a run: strings and numbers that travel in the file beside the weights. */
export interface AdamOptions {
  readonly learningRate: number;
  readonly schedule: "cosine" | "constant";
  readonly totalSteps: number;
}

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/** The state of the Adam optimizer: two running means for every weight, and the steps taken. */
export class AdamState {
  count = 0;
  mean: Params;
  variance: Params;
  readonly options: AdamOptions;

  constructor(params: Params, options: AdamOptions) {
    this.mean = zerosLike(params);
    this.variance = zerosLike(params);
    this.options = options;
  }

  /** The step size of the step to come, with the correction for means that started at zero. */
  get stepSize(): number {
    const { learningRate, schedule, totalSteps } = this.options;
    const step = this.count + 1;
    const decay = schedule === "cosine" ? (1 + Math.cos((Math.PI * this.count) / totalSteps)) / 2 : 1;
    return (learningRate * decay * Math.sqrt(1 - BETA_2 ** step)) / (1 - BETA_1 ** step);
  }
}

registerDataclass(AdamState, {
  name: "mnist.AdamState",
  dataFields: ["count", "mean", "variance"],
  metaFields: ["options"],
});

/** One step of Adam, inside `jit`: new weights and running means. Consumes its arguments. */
export function adamStep(
  params: Params,
  mean: Params,
  variance: Params,
  gradient: Params,
  stepSize: np.Array,
): [Params, Params, Params] {
  const newMean: Params = tree.map(
    (m: np.Array, g: np.Array) => m.mul(BETA_1).add(g.mul(1 - BETA_1)),
    mean,
    tree.ref(gradient),
  );
  const newVariance: Params = tree.map(
    (v: np.Array, g: np.Array) => v.mul(BETA_2).add(np.square(g).mul(1 - BETA_2)),
    variance,
    gradient,
  );
  const newParams: Params = tree.map(
    (p: np.Array, m: np.Array, v: np.Array) => p.sub(m.mul(stepSize.ref).div(np.sqrt(v).add(EPSILON))),
    params,
    tree.ref(newMean),
    tree.ref(newVariance),
  );
  stepSize.dispose();
  return [newParams, newMean, newVariance];
}

function zerosLike(params: Params): Params {
  return tree.map((x: np.Array) => np.zeros(x.shape), params);
}
