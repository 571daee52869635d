import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { layers, type Sequential, sequential } from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import * as tfjs from "../../src/adapters/tfjs.node.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

function network(): Sequential {
  return sequential({
    layers: Array.from({ length: 11 }, (_, i) =>
      layers.dense({ units: 2, ...(i === 0 && { inputShape: [2] }) }),
    ),
  });
}

async function bytesOf(tree: unknown): Promise<Blob> {
  return (await tfjs.serialize(tree)).blob();
}

const valuesOf = (model: Sequential) => model.getWeights().map((tensor) => [...tensor.dataSync()]);

describe("a model of @tensorflow/tfjs-layers", () => {
  it("comes back through model.weights and model.setWeights", async () => {
    const [trained, fresh] = [network(), network()];
    const loaded = await tfjs.loadPytree<tf.Tensor[]>(await bytesOf(trained.weights));
    fresh.setWeights(loaded);
    expect(valuesOf(fresh)).toEqual(valuesOf(trained));
  });

  it("comes back by the names of its weights, in the order of its layers", async () => {
    const trained = network();
    const named = Object.fromEntries(trained.weights.map((weight) => [weight.name, weight]));
    const loaded = await tfjs.loadPytree<Record<string, tf.Tensor>>(await bytesOf(named));
    expect(Object.keys(loaded)).toEqual(trained.weights.map(({ name }) => name));
    expect(Object.values(loaded).map((tensor) => [...tensor.dataSync()])).toEqual(valuesOf(trained));
  });

  it.each([
    ["a model", () => network(), /a TensorFlow\.js model or layer, not its weights: pass model\.weights/],
    ["a layer", () => network().layers[3], /a TensorFlow\.js model or layer/],
    [
      "an optimizer",
      () => tf.train.adam(),
      /a TensorFlow\.js optimizer.*pass await optimizer\.getWeights\(\)/,
    ],
  ])("is needed, and not %s: the error says what to pass", async (_, make, message) => {
    await expect(tfjs.serialize({ run: [make()] })).rejects.toMatchObject({
      code: "UnsupportedLeaf",
      message: expect.stringMatching(message),
    });
  });

  it("can't be saved once it is disposed of", async () => {
    const model = network();
    model.dispose();
    await expect(tfjs.serialize(model.weights)).rejects.toMatchObject({ code: "UnsupportedLeaf" });
  });
});

describe("the state of an optimizer", () => {
  it("comes back through getWeights and setWeights", async () => {
    const optimizer = tf.train.adam(0.1);
    const x = tf.variable(tf.tensor1d([1, 2]), true, "x");
    for (let i = 0; i < 3; i++) optimizer.minimize(() => tf.sum(tf.square(x)));
    const saved = await optimizer.getWeights();
    const loaded = await tfjs.loadPytree<typeof saved>(await bytesOf(saved));
    expect(loaded.map(({ name }) => name)).toEqual(saved.map(({ name }) => name));
    expect(loaded.map(({ tensor }) => [...tensor.dataSync()])).toEqual(
      saved.map(({ tensor }) => [...tensor.dataSync()]),
    );
  });
});
