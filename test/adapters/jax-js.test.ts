import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultDevice, grad, init, tree as jaxTree, jit, numpy as np } from "@jax-js/jax";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import type { BoundFunctions } from "../../src/adapters/bind.ts";
import * as jax from "../../src/adapters/jax-js.node.ts";
import * as core from "../../src/index.node.ts";
import { type Dtype, LazyTensor, type PyTree, PyTreeContainer, Tensor } from "../../src/index.node.ts";

let folder: string;

beforeAll(async () => {
  await init("cpu", "wasm");
  defaultDevice("wasm");
  folder = await mkdtemp(join(tmpdir(), "p2s-jax-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("reading jax-js arrays", () => {
  it("saves every dtype that the backend has, and leaves the arrays usable", async () => {
    const dict = {
      f32: np.array([
        [1.5, -2],
        [3, 4],
      ]),
      i32: np.array([1, -2], { dtype: np.int32 }),
      u32: np.array([1, 2 ** 31], { dtype: np.uint32 }),
      bool: np.array([true, false, true]),
      scalar: np.array(7),
      empty: np.zeros([0, 3]),
    };
    const counts = Object.values(dict).map((array) => array.refCount);
    const tensors = core.load(jax.save(dict));
    expect(tensors.f32?.toArray()).toEqual([
      [1.5, -2],
      [3, 4],
    ]);
    expect(tensors.i32?.toArray()).toEqual([1, -2]);
    expect(tensors.u32?.toArray()).toEqual([1, 2 ** 31]);
    expect(tensors.bool?.dtype).toBe("BOOL");
    expect(tensors.bool?.toArray()).toEqual([true, false, true]);
    expect(tensors.scalar?.shape).toEqual([]);
    expect(tensors.empty?.shape).toEqual([0, 3]);
    expect(Object.values(dict).map((array) => array.refCount)).toEqual(counts);
    expect(dict.f32.ref.add(1).js()).toEqual([
      [2.5, -1],
      [4, 5],
    ]);
  });

  it("leaves reference counts as they were after saving to a file", async () => {
    const params = { w: np.ones([4, 4]), b: np.zeros([4]) };
    await jax.savePytree(params, join(folder, "counts.safetensors"));
    expect(params.w.refCount).toBe(1);
    expect(params.b.refCount).toBe(1);
  });

  it("saves views as what they show: transposed arrays in C order", async () => {
    const { t } = core.load(
      jax.save({
        t: np
          .array([
            [1, 2, 3],
            [4, 5, 6],
          ])
          .transpose(),
      }),
    );
    expect(t?.toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  it("names the leaf that has been freed", async () => {
    const array = np.array([1, 2]);
    array.dispose();
    const path = join(folder, "freed.safetensors");
    await expect(jax.savePytree({ a: [array] }, path)).rejects.toMatchObject({ code: "UnsupportedLeaf" });
  });

  it("holds an array by reference, so that it outlives the program's own", async () => {
    const { hold, release, describe, read } = jax.jaxArrays;
    const array = np.array([1, 2]);
    const held = hold!(array);
    array.dispose();
    expect(describe(held)).toEqual({ dtype: "F32", shape: [2] });
    expect([...new Float32Array((await read(held)).buffer)]).toEqual([1, 2]);
    release!(held);
    expect(held.refCount).toBe(0);
  });
});

describe("making jax-js arrays", () => {
  const makes: [Dtype, unknown, string, unknown][] = [
    ["F32", [1.5, -2], "float32", [1.5, -2]],
    ["BF16", [1.5, -2], "float32", [1.5, -2]],
    ["F8_E4M3", [1.5, -2], "float32", [1.5, -2]],
    ["F8_E5M2", [1.5, -2], "float32", [1.5, -2]],
    ["F4", [1.5, -2], "float32", [1.5, -2]],
    ["I8", [1, -2], "int32", [1, -2]],
    ["U8", [1, 200], "uint32", [1, 200]],
    ["I16", [1, -2], "int32", [1, -2]],
    ["U16", [1, 60000], "uint32", [1, 60000]],
    ["I32", [1, -2], "int32", [1, -2]],
    ["U32", [1, 2 ** 31], "uint32", [1, 2 ** 31]],
    ["BOOL", [true, false], "bool", [true, false]],
    ["I64", [1n, -2n], "int32", [1, -2]],
    ["U64", [1n, 2n], "uint32", [1, 2]],
  ];
  it.each(makes)("makes a %s array of the values", async (dtype, values, expected, shown) => {
    const bytes = core.save({ x: Tensor.from(values as number[], { dtype }) });
    const { x } = jax.load(bytes);
    expect(x?.dtype).toBe(expected);
    expect(x?.js()).toEqual(shown);
    expect((await jax.loadFile(bytes)).x?.js()).toEqual(shown);
  });

  it("makes F16 and F64 what backend and runtime can do, never wrong values", async () => {
    const bytes = core.save({
      half: Tensor.from([1.5, -2], { dtype: "F16" }),
      double: new Float64Array([0.5, 2]),
    });
    const { half, double } = await jax.loadFile(bytes);
    expect(["float16", "float32"]).toContain(half?.dtype);
    expect([...((await half?.data()) ?? [])]).toEqual([1.5, -2]);
    expect(["float64", "float32"]).toContain(double?.dtype);
    expect([...((await double?.data()) ?? [])]).toEqual([0.5, 2]);
  });

  it("asks the device once, whether it is asked to wait or not", async () => {
    for (const dtype of ["F16", "F64"] as const) {
      const tensor = Tensor.from([1.5, -2], { dtype });
      const waited = await jax.jaxArrays.make(tensor);
      expect(jax.jaxArrays.makeSync!(tensor).dtype).toBe(waited.dtype);
    }
  });

  it("refuses to lose 64-bit values, and says how to accept it", async () => {
    const bytes = core.save({ big: new BigInt64Array([2n ** 40n]) });
    await expect(jax.loadFile(bytes)).rejects.toMatchObject({
      code: "LossyConversion",
      tensor: "big",
      message: expect.stringContaining('cast: { I64: "I32" }'),
    });
    const { big } = await jax.loadFile(bytes, { cast: { I64: "I32" }, lossy: true });
    expect(big?.dtype).toBe("int32");
  });

  it("makes empty arrays, which np.array refuses", async () => {
    const { e } = jax.load(core.save({ e: new Tensor("I32", [0, 2], new Int32Array(0)) }));
    expect(e?.shape).toEqual([0, 2]);
    expect(e?.dtype).toBe("int32");
  });

  it("frees what it made when a later tensor fails", async () => {
    const made: { refCount: number }[] = [];
    const arrays = {
      ...jax.jaxArrays,
      make: async (tensor: Tensor) => {
        const array = await jax.jaxArrays.make(tensor);
        made.push(array);
        return array;
      },
    };
    // 64-bit tensors come first in a file, so a second one fails after others were made.
    const path = join(folder, "order.safetensors");
    await core.saveFile(
      { a: new Float64Array([1, 2]), m: new BigInt64Array([2n ** 40n]), u: new BigUint64Array([1n]) },
      path,
    );
    await expect(core.loadFile(path, { arrays })).rejects.toMatchObject({ code: "LossyConversion" });
    expect(made.length).toBeGreaterThan(0);
    expect(made.every((array) => array.refCount === 0)).toBe(true);
  });
});

describe("trees of jax-js arrays", () => {
  const model = () => ({
    layers: [
      {
        w: np.array([
          [1, 2],
          [3, 4],
        ]),
        b: np.array([0.5, -0.5]),
      },
      {
        w: np.array([
          [1, 0],
          [0, 1],
        ]),
        b: np.array([1, 1]),
      },
    ],
    scale: np.array(2),
  });
  const forward = (params: ReturnType<typeof model>, x: np.Array) => {
    const { layers, scale } = params;
    let out = x;
    for (const { w, b } of layers) out = np.add(np.dot(out, w), b);
    return np.sum(np.multiply(out, scale));
  };

  it("come back equal, and go straight into jit and grad", async () => {
    const path = join(folder, "model.safetensors");
    await jax.savePytree(model(), path);
    const params = await jax.loadPytree<ReturnType<typeof model>>(path);
    expect(jaxTree.structure(params).equals(jaxTree.structure(model()))).toBe(true);
    const x = () => np.array([[1, 2]]);
    const expected = forward(model(), x()).js();
    expect(jit(forward)(jaxTree.ref(params), x()).js()).toBe(expected);
    const gradients = grad(forward)(jaxTree.ref(params), x());
    expect(gradients.layers[0]?.w.shape).toEqual([2, 2]);
  });

  it("never mix weights, whatever the order of a dict's keys", async () => {
    const path = join(folder, "order.safetensors");
    const unsorted = { w: np.array([1, 1]), b: np.array([2, 2]), a: [np.array([3, 3])] };
    await jax.savePytree(unsorted, path);
    const loaded = await jax.loadPytree<typeof unsorted>(path);
    expect(Object.keys(loaded)).toEqual(["w", "b", "a"]);
    const sum = jaxTree.map((x: np.Array, y: np.Array) => x.add(y), jaxTree.ref(unsorted), loaded);
    expect(sum.w.js()).toEqual([2, 2]);
    expect(sum.b.js()).toEqual([4, 4]);
    expect(sum.a[0]?.js()).toEqual([6, 6]);
  });

  it("write no structure metadata for an order that sorting gives back", async () => {
    const path = join(folder, "sorted.safetensors");
    await jax.savePytree({ a: np.array([1]), b: [np.array([2])] }, path);
    expect((await core.openSafetensors(path)).metadata).toEqual({});
  });

  it("load attribute nodes as plain objects, which jax-js descends into", async () => {
    const path = join(folder, "attrs.safetensors");
    await core.savePytree(
      new PyTreeContainer({ layers: [new PyTreeContainer({ w: new Float32Array([1]) })] }),
      path,
    );
    const loaded = await jax.loadPytree<{ layers: { w: np.Array }[] }>(path);
    expect(Object.getPrototypeOf(loaded)).toBe(Object.prototype);
    expect(loaded.layers[0]?.w.js()).toEqual([1]);
  });

  it("keep numbers, nulls and strings of a training state", async () => {
    const path = join(folder, "state.safetensors");
    const state = { params: { w: np.array([1, 2]) }, step: 10, ema: null, optimizer: "adam" };
    await jax.savePytree(state, path);
    const loaded = await jax.loadPytree<typeof state>(path);
    expect(loaded.params.w.js()).toEqual([1, 2]);
    expect(loaded).toMatchObject({ step: 10, ema: null, optimizer: "adam" });
  });

  it("load into a template of plain objects by name, whatever the kinds of keys in the file", async () => {
    const path = join(folder, "equinox.safetensors");
    await core.savePytree(
      new PyTreeContainer({ layers: [new PyTreeContainer({ w: new Float32Array([5, 6]) })] }),
      path,
    );
    const template = { layers: [{ w: np.zeros([2]) }] };
    const loaded = await jax.loadIntoPytree(template, path, { strict: true });
    expectTypeOf(loaded).toEqualTypeOf(template);
    expect(loaded.layers[0]?.w.js()).toEqual([5, 6]);
    expect(template.layers[0]?.w.js()).toEqual([0, 0]);
  });
});

describe("the functions bound to jax-js", () => {
  const bytes = () => core.save({ "layers#0.w": new Float32Array([5, 6]) });

  it("are all exported", () => {
    // The compiler names those that are missing.
    const all: BoundFunctions<jax.JaxArray> = jax;
    expect(all).toHaveProperty("CheckpointManager.open");
  });

  it("refuse what is no object of options, as those of the root entry do", async () => {
    for (const options of [null, [], new Map(), "x", 1] as never[]) {
      const refusal = "options must be an object";
      expect(() => jax.save({}, options)).toThrow(refusal);
      expect(() => jax.dict2pytree({}, options)).toThrow(refusal);
      await expect(jax.loadFile(bytes(), options)).rejects.toThrow(refusal);
      await expect(jax.CheckpointManager.open(folder, options)).rejects.toThrow(refusal);
    }
  });

  it("give jax-js arrays by their types too", async () => {
    const source = bytes();
    expectTypeOf(jax.load(source)).toEqualTypeOf<Record<string, jax.JaxArray>>();
    expectTypeOf(await jax.loadFile(source)).toEqualTypeOf<Record<string, jax.JaxArray>>();
    expectTypeOf(await jax.loadPytree(source)).toEqualTypeOf<PyTree<jax.JaxArray>>();
    expectTypeOf(await jax.loadPytree<{ a: number }>(source)).toEqualTypeOf<{ a: number }>();
    const { tree, metadata } = await jax.loadPytree(source, { withMetadata: true });
    expectTypeOf(tree).toEqualTypeOf<PyTree<jax.JaxArray>>();
    expect(metadata).toEqual({});
  });

  it("load lazily to leaves that are typed as what they are", async () => {
    const source = bytes();
    const lazy = await jax.loadPytree(source, { lazy: true });
    expectTypeOf(lazy).toEqualTypeOf<PyTree<LazyTensor>>();
    const { tree } = await jax.loadPytree(source, { lazy: true, withMetadata: true });
    expectTypeOf(tree).toEqualTypeOf<PyTree<LazyTensor>>();
    for (const { layers } of [lazy, tree] as { layers: { w: LazyTensor }[] }[]) {
      expect(layers[0]?.w).toBeInstanceOf(LazyTensor);
    }
  });

  it("take an option that is undefined for one that is not there", async () => {
    const none: object = { attributes: undefined, match: undefined };
    const plain = (tree: unknown) => Object.getPrototypeOf((tree as { layers: object[] }).layers[0]);
    expect(plain(await jax.loadPytree(bytes(), none))).toBe(Object.prototype);
    expect(plain(jax.dict2pytree(jax.load(bytes()), none))).toBe(Object.prototype);
    const template = () => ({ layers: [{ w: np.zeros([2]) }] });
    expect((await jax.loadIntoPytree(template(), bytes(), none)).layers[0]?.w.js()).toEqual([5, 6]);
    expect(jax.setWeights(template(), jax.load(bytes()), none).layers[0]?.w.js()).toEqual([5, 6]);
  });

  it("lay a tree out for an upload, and leave its arrays usable", async () => {
    const params = { w: np.array([1, 2]) };
    const file = await jax.serialize(params);
    const blob = await file.blob();
    expect(blob.size).toBe(file.byteLength);
    expect((await core.loadFile(blob))["@w"]?.toArray()).toEqual([1, 2]);
    expect(params.w.refCount).toBe(2);
    file.release();
    file.release();
    expect(params.w.refCount).toBe(1);
  });
});
