// A save holds the arrays of its tree from the moment of the call, so that training may go on and free its own.
import "@tensorflow/tfjs-backend-cpu";
import { init, numpy as np } from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import * as jax from "../../src/adapters/jax-js.node.ts";
import * as tfjs from "../../src/adapters/tfjs.node.ts";
import { load } from "../../src/index.node.ts";

beforeAll(async () => {
  await init("cpu", "wasm");
  await tf.setBackend("cpu");
});

/** A sink that waits in the middle until it is told to go on. */
function slowSink(): { sink: WritableStream<Uint8Array>; bytes(): Promise<Uint8Array>; go(): void } {
  const { promise, resolve } = waiting();
  const chunks: Uint8Array[] = [];
  const sink = new WritableStream<Uint8Array>({
    async write(chunk) {
      chunks.push(chunk.slice());
      await promise;
    },
  });
  const bytes = async () => new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  return { sink, bytes, go: resolve };
}

function waiting(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe("a save of jax-js arrays", () => {
  const state = () => ({ b: np.array([3, 4]), w: np.array([1, 2]) });

  it("has the arrays of the call, though all were freed before it was done", async () => {
    const { sink, bytes, go } = slowSink();
    const { b, w } = state();
    const saving = jax.savePytree({ b, w }, sink);
    b.dispose();
    w.dispose();
    go();
    await saving;
    expect([b.refCount, w.refCount]).toEqual([0, 0]);
    const loaded = load(await bytes());
    expect([loaded["@b"]?.toArray(), loaded["@w"]?.toArray()]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  it("lets go of every array when it fails or is aborted", async () => {
    const { b, w } = state();
    const failing = new WritableStream({
      write() {
        throw new Error("the disk is full");
      },
    });
    await expect(jax.savePytree({ b, w }, failing)).rejects.toThrow();
    await expect(
      jax.savePytree({ b, w }, slowSink().sink, { signal: AbortSignal.abort() }),
    ).rejects.toThrow();
    await expect(jax.savePytree({ b, bad: Symbol("x"), w }, slowSink().sink)).rejects.toThrow();
    expect([b.refCount, w.refCount]).toEqual([1, 1]);
  });
});

describe("a save of TensorFlow.js tensors", () => {
  it("has the tensors of the call, though a step changed and freed them before it was done", async () => {
    const { sink, bytes, go } = slowSink();
    const before = tf.memory().numTensors;
    const weight = tf.variable(tf.tensor1d([1, 2]));
    let saving: Promise<void> | undefined;
    tf.tidy(() => {
      saving = tfjs.savePytree({ weight, x: tf.tensor1d([5]) }, sink);
    });
    weight.assign(tf.tensor1d([9, 9]));
    weight.dispose();
    go();
    await saving;
    const loaded = load(await bytes());
    expect([loaded["@weight"]?.toArray(), loaded["@x"]?.toArray()]).toEqual([[1, 2], [5]]);
    // The constants of this test: the first value of the variable, and what was assigned.
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 2);
  });
});
