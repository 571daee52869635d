import { describe, expect, it } from "vitest";
import {
  type LeafDict,
  load,
  save,
  saveFile,
  savePytree,
  serialize,
  setWeights,
  Tensor,
} from "../../src/index.ts";

function transferred<A extends ArrayBufferView>(array: A): A {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

// What TypeScript's library of 2022 doesn't know yet.
type Resizable = ArrayBuffer & { resize(bytes: number): void };

function resizable(bytes: number): Resizable {
  const Buffer = ArrayBuffer as unknown as new (
    bytes: number,
    options: { maxByteLength: number },
  ) => Resizable;
  return new Buffer(bytes, { maxByteLength: bytes });
}

function shrunk(length: number, to: number): Float32Array {
  const buffer = resizable(4 * length);
  const array = new Float32Array(buffer, 0, length);
  buffer.resize(4 * to);
  return array;
}

const sink = { write: () => {}, close: () => {} };

describe("memory that went away", () => {
  it.each<[string, () => unknown]>([
    ["a typed array whose buffer was transferred", () => transferred(new Float32Array(4))],
    [
      "a typed array of 64-bit integers whose buffer was transferred",
      () => transferred(new BigInt64Array(4)),
    ],
    [
      "a view into the middle of a buffer that was transferred",
      () => transferred(new Uint8Array(new ArrayBuffer(16), 8, 4)),
    ],
    ["a typed array whose buffer shrank below it", () => shrunk(4, 2)],
    ["a typed array whose buffer shrank to nothing", () => shrunk(4, 0)],
    [
      "a tensor whose buffer was transferred",
      () => {
        const tensor = new Tensor("F32", [4], new Float32Array(4));
        transferred(tensor.data);
        return tensor;
      },
    ],
    [
      "a tensor whose buffer shrank",
      () => {
        const buffer = resizable(16);
        const tensor = new Tensor("F32", [4], new Float32Array(buffer));
        buffer.resize(8);
        return tensor;
      },
    ],
    [
      "a loaded tensor that nobody has looked at, whose file was transferred",
      () => {
        const file = save({ w: new Float32Array(4) });
        const { w } = load(file);
        transferred(file);
        return w;
      },
    ],
  ])("is refused by every save, with the name of the leaf: %s", async (_, make) => {
    const gone = { code: "InvalidTensorView", tensor: "@layers#1@w", keyPath: "['layers'][1]['w']" };
    const tree = () => ({ layers: [null, { w: make() }] });
    await expect(savePytree(tree(), sink)).rejects.toMatchObject(gone);
    await expect(serialize(tree())).rejects.toMatchObject(gone);
    const dict = () => ({ w: make() }) as LeafDict<unknown>;
    await expect(saveFile(dict(), sink)).rejects.toMatchObject({ code: "InvalidTensorView", tensor: "w" });
    expect(() => save(dict())).toThrow(expect.objectContaining({ code: "InvalidTensorView", tensor: "w" }));
    expect(() => setWeights({ w: new Float32Array(4) }, { "@w": make() } as LeafDict<unknown>)).toThrow(
      expect.objectContaining({ code: "InvalidTensorView", tensor: "@w" }),
    );
  });

  it("is no array that was empty from the start", () => {
    const growing = resizable(8);
    growing.resize(0);
    const bytes = save({
      a: new Float32Array(0),
      b: new Float32Array(growing),
      c: new Tensor("F32", [0, 3], new Float32Array(0)),
    });
    expect(bytes.byteLength).toBeGreaterThan(8);
  });
});
