import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import type { BoundFunctions } from "../../src/adapters/bind.ts";
import * as tfjs from "../../src/adapters/tfjs.node.ts";
import * as core from "../../src/index.node.ts";
import { type Dtype, type LazyTensor, type PyTree, Tensor } from "../../src/index.node.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("TensorFlow.js tensors", () => {
  it("save and load with their dtypes, and stay usable", async () => {
    const dict = {
      f: tf.tensor2d([
        [1.5, 2],
        [3, 4],
      ]),
      i: tf.tensor1d([1, -2], "int32"),
      b: tf.tensor1d([true, false], "bool"),
      c: tf.complex([1, 2], [3, 4]),
      v: tf.variable(tf.scalar(7)),
    };
    const bytes = tfjs.save(dict);
    expect(core.load(bytes).c?.toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(core.load(bytes).b?.dtype).toBe("BOOL");
    const loaded = await tfjs.loadFile(bytes);
    for (const name of ["f", "i", "b", "c", "v"] as const) {
      expect(loaded[name]?.dtype).toBe(dict[name].dtype);
      expect(loaded[name]?.shape).toEqual(dict[name].shape);
      expect([...((await loaded[name]?.data()) ?? [])]).toEqual([...(await dict[name].data())]);
    }
    expect(dict.f.isDisposed).toBe(false);
  });

  it.each<[Dtype, number[] | bigint[], string]>([
    ["BF16", [1.5, -2], "float32"],
    ["F16", [1.5, -2], "float32"],
    ["F64", [0.5, 2], "float32"],
    ["U8", [1, 255], "int32"],
    ["U32", [1, 7], "int32"],
    ["I64", [1n, -2n], "int32"],
  ])("make a tensor of %s values", async (dtype, values, expected) => {
    const { x } = tfjs.load(core.save({ x: Tensor.from(values, { dtype }) }));
    expect(x?.dtype).toBe(expected);
    expect([...((await x?.data()) ?? [])]).toEqual([...values].map(Number));
  });

  it("refuse to lose values, and say how to accept it", () => {
    const bytes = core.save({ x: new BigInt64Array([2n ** 40n]) });
    expect(() => tfjs.load(bytes)).toThrowError(/"x".*lossy: true/s);
  });

  it("don't change when the bytes they were loaded from do", async () => {
    const bytes = core.save({ x: new Float32Array([1, 2]) });
    const { x } = tfjs.load(bytes);
    bytes.fill(0);
    expect([...((await x?.data()) ?? [])]).toEqual([1, 2]);
  });

  it("keep the order of dicts, which sorting by name would change from the tenth layer on", async () => {
    const layer = (value: number) => ({ kernel: tf.fill([2], value), bias: tf.fill([1], value) });
    const names = Array.from({ length: 12 }, (_, i) => `dense_Dense${i + 1}`);
    const tree = Object.fromEntries(names.map((name, i) => [name, layer(i)]));
    const loaded = await tfjs.loadPytree<typeof tree>(await (await tfjs.serialize(tree)).blob());
    expect(Object.keys(loaded)).toEqual(names);
    expect(Object.keys(loaded.dense_Dense10!)).toEqual(["kernel", "bias"]);
    const values = Object.values(loaded).map(({ bias }) => bias.dataSync()[0]);
    expect(values).toEqual(names.map((_, i) => i));
  });

  it("are held by a clone of the same memory, so that they outlive the program's own", async () => {
    const { hold, release, read } = tfjs.tfjsArrays;
    const variable = tf.variable(tf.tensor1d([1, 2]));
    const before = tf.memory().numDataBuffers;
    const held = tf.tidy(() => hold!(variable));
    expect(tf.memory().numDataBuffers).toBe(before);
    variable.assign(tf.tensor1d([7, 7]));
    variable.dispose();
    expect([...new Float32Array((await read(held)).buffer)].slice(0, 2)).toEqual([1, 2]);
    release!(held);
    expect(held.isDisposed).toBe(true);
  });

  it("load into a template by name", async () => {
    const bytes = core.save({ "layers#0@w": new Float32Array([5, 6]) });
    const loaded = await tfjs.loadIntoPytree({ layers: [{ w: tf.zeros([2]) }] }, bytes);
    expect([...(await loaded.layers[0]!.w.data())]).toEqual([5, 6]);
  });
});

describe("the functions bound to TensorFlow.js", () => {
  it("are all exported", () => {
    // The compiler names those that are missing.
    const all: BoundFunctions<tfjs.TfTensor> = tfjs;
    expect(all).toHaveProperty("CheckpointManager.open");
  });

  it("give TensorFlow.js tensors by their types too", async () => {
    const source = core.save({ "@w": new Float32Array([5, 6]) });
    expectTypeOf(tfjs.load(source)).toEqualTypeOf<Record<string, tfjs.TfTensor>>();
    expectTypeOf(await tfjs.loadFile(source)).toEqualTypeOf<Record<string, tfjs.TfTensor>>();
    expectTypeOf(await tfjs.loadPytree(source)).toEqualTypeOf<PyTree<tfjs.TfTensor>>();
    expectTypeOf(await tfjs.loadPytree(source, { lazy: true })).toEqualTypeOf<PyTree<LazyTensor>>();
  });

  it("lay a tree out for an upload", async () => {
    const blob = await (await tfjs.serialize({ w: tf.tensor1d([1, 2]) })).blob();
    expect((await core.loadFile(blob))["@w"]?.toArray()).toEqual([1, 2]);
  });
});
