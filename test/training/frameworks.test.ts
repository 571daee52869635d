import { defaultDevice, init, numpy as np } from "@jax-js/jax";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { PyTreeContainer } from "pytree2safetensors";
import { type JaxArray, CheckpointManager as JaxManager, jaxArrays } from "pytree2safetensors/jax-js";
import { CheckpointManager as TfManager, type TfTensor, tfjsArrays } from "pytree2safetensors/tfjs";
import { CheckpointManager } from "pytree2safetensors/training";
import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { treeOf } from "../reliability/death/generation.ts";
import { FORMS, freshFolder, heldUp } from "./support.ts";

beforeAll(async () => {
  await init("cpu");
  defaultDevice("cpu");
  await tf.setBackend("cpu");
});

describe.each(FORMS)("$form of arrays of a framework", ({ options }) => {
  it("are those of the call though the program frees its own at once: jax-js", async () => {
    await using manager = await CheckpointManager.open(await freshFolder(), {
      ...options,
      arrays: jaxArrays,
    });
    const held = await heldUp(treeOf(0));
    await manager.save(0, held.tree);
    let w = np.array([1, 2, 3]);
    const saving = manager.save(1, { w });
    expect(w.refCount).toBe(2);
    w = w.mul(10);
    held.letGo();
    await saving;
    await manager.wait();
    const { tree } = await manager.restore({ step: 1, into: { w: np.zeros([3]) } });
    expect(await tree.w.ref.data()).toEqual(new Float32Array([1, 2, 3]));
    // What the manager held is let go of.
    expect(w.refCount).toBe(1);
    expect(await w.data()).toEqual(new Float32Array([10, 20, 30]));
  });

  it("are those of the call though the program frees its own at once: TensorFlow.js", async () => {
    await using manager = await CheckpointManager.open(await freshFolder(), {
      ...options,
      arrays: tfjsArrays,
    });
    const held = await heldUp(treeOf(0));
    await manager.save(0, held.tree);
    const w = tf.tensor1d([1, 2, 3]);
    const variable = tf.variable(tf.tensor1d([4, 5]));
    const before = tf.memory().numTensors;
    const saving = manager.save(1, { w, variable });
    w.dispose();
    variable.assign(tf.tensor1d([6, 7]));
    held.letGo();
    await saving;
    await manager.wait();
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before);
    const { tree } = await manager.restore<{ w: tf.Tensor; variable: tf.Tensor }>({ step: 1 });
    expect([...(await tree.w.data())]).toEqual([1, 2, 3]);
    expect([...(await tree.variable.data())]).toEqual([4, 5]);
  });

  it("are let go of when a save is refused", async () => {
    await using manager = await CheckpointManager.open(await freshFolder(), {
      ...options,
      arrays: jaxArrays,
    });
    const w = np.array([1]);
    await expect(manager.save(1, { w, f: () => {} })).rejects.toMatchObject({ code: "UnsupportedLeaf" });
    expect(w.refCount).toBe(1);
    w.dispose();
  });
});

describe("CheckpointManager of the framework entries", () => {
  const module = (weight: unknown) => new PyTreeContainer({ layers: [new PyTreeContainer({ weight })] });

  it("restores jax-js arrays in plain objects, and into templates by name", async () => {
    const options = { saveEvery: 2 };
    await using manager = await JaxManager.open(await freshFolder(), options);
    expectTypeOf(manager).toEqualTypeOf<JaxManager>();
    expect(await manager.save(1, {})).toBe(false);
    await manager.save(2, module(np.array([1, 2])));
    const { tree } = await manager.restore<{ layers: { weight: JaxArray }[] }>();
    expect(Object.getPrototypeOf(tree.layers[0])).toBe(Object.prototype);
    expect(tree.layers[0]!.weight).toBeInstanceOf(np.Array);
    const restored = await manager.restore({ into: { layers: [{ weight: np.zeros([2]) }] } });
    expect(await restored.tree.layers[0]!.weight.data()).toEqual(new Float32Array([1, 2]));
    await expect(
      manager.restore({ into: { layers: [{ weight: np.zeros([2]) }] }, match: "exact" }),
    ).rejects.toMatchObject({ code: "WeightsMismatch" });
  });

  it("restores TensorFlow.js tensors in plain objects, and into templates by name", async () => {
    await using manager = await TfManager.open(await freshFolder());
    expectTypeOf(manager).toEqualTypeOf<TfManager>();
    await manager.save(1, module(tf.tensor1d([1, 2])));
    const { tree } = await manager.restore<{ layers: { weight: TfTensor }[] }>();
    expect(Object.getPrototypeOf(tree.layers[0])).toBe(Object.prototype);
    expect(tree.layers[0]!.weight).toBeInstanceOf(tf.Tensor);
    const restored = await manager.restore({ into: { layers: [{ weight: tf.zeros([2]) }] } });
    expect([...(await restored.tree.layers[0]!.weight.data())]).toEqual([1, 2]);
  });

  it("keeps attribute containers where it is told to", async () => {
    await using manager = await JaxManager.open(await freshFolder(), { attributes: "container" });
    await manager.save(1, module(np.array([1])));
    expect((await manager.restore()).tree).toBeInstanceOf(PyTreeContainer);
  });
});
