import { describe, expect, it } from "vitest";
import { load, saveFile, savePytree, serialize, Tensor } from "../../src/index.ts";

/** A sink that changes everything in the middle: after its first write, before any further one. */
function changing(change: () => void) {
  const chunks: Uint8Array[] = [];
  const sink = {
    write: async (chunk: Uint8Array) => {
      chunks.push(chunk.slice());
      if (chunks.length === 1) change();
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
    close: () => {},
  };
  return {
    sink,
    tensors: async () => load(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer()),
  };
}

const state = () => ({
  typed: new Float32Array(100_000).fill(1),
  tensor: new Tensor("F32", [100_000], new Float32Array(100_000).fill(2)),
  bytes: Buffer.from(new Uint8Array(1000).fill(3)),
  shared: new Float64Array(new SharedArrayBuffer(8 * 1000)).fill(4),
  layers: [new Int32Array(50_000).fill(5)],
  step: 6,
});

function change(tree: ReturnType<typeof state>): void {
  tree.typed.fill(-1);
  (tree.tensor.data as Float32Array).fill(-1);
  tree.bytes.fill(255);
  tree.shared.fill(-1);
  tree.layers[0]!.fill(-1);
  tree.layers.push(new Int32Array(1));
  tree.step = -1;
}

async function expectAsItWas(tensors: Record<string, Tensor>): Promise<void> {
  const firstAndLast = (name: string) => [tensors[name]!.data[0], tensors[name]!.data.at(-1)];
  expect(firstAndLast("@typed")).toEqual([1, 1]);
  expect(firstAndLast("@tensor")).toEqual([2, 2]);
  expect(firstAndLast("@bytes")).toEqual([3, 3]);
  expect(firstAndLast("@shared")).toEqual([4, 4]);
  expect(firstAndLast("@layers#0")).toEqual([5, 5]);
  expect(tensors["@step"]!.item()).toBe(6);
  expect(Object.keys(tensors)).toHaveLength(6);
}

describe("a save with snapshot: true", () => {
  it("is the tree as it was at the call, though all of it changes in the middle", async () => {
    const tree = state();
    const { sink, tensors } = changing(() => change(tree));
    const saving = savePytree(tree, sink, { snapshot: true });
    await saving;
    await expectAsItWas(await tensors());
  });

  it("is the tree of the call even if it changes right after it", async () => {
    const tree = state();
    const { sink, tensors } = changing(() => {});
    const saving = savePytree(tree, sink, { snapshot: true });
    change(tree);
    await saving;
    await expectAsItWas(await tensors());
  });

  it("is the same for a serialized tree, however often it is read", async () => {
    const tree = state();
    const file = await serialize(tree, { snapshot: true });
    change(tree);
    for (let i = 0; i < 2; i++) await expectAsItWas(load(await (await file.blob()).arrayBuffer()));
  });

  it("is the same for a dict", async () => {
    const dict = { w: new Float32Array(300_000).fill(1) };
    const { sink, tensors } = changing(() => dict.w.fill(-1));
    await saveFile(dict, sink, { snapshot: true });
    expect((await tensors()).w!.data.at(-1)).toBe(1);
  });
});

describe("a save without a snapshot", () => {
  it("takes the structure, the scalars and the references at the call all the same", async () => {
    const tree = state();
    const { sink, tensors } = changing(() => {});
    const saving = savePytree(tree, sink);
    tree.layers.push(new Int32Array(1));
    tree.step = -1;
    tree.typed = new Float32Array(1);
    await saving;
    await expectAsItWas(await tensors());
  });
});
