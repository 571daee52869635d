import { describe, expect, it, vi } from "vitest";
import {
  type Dtype,
  load,
  loadFile,
  loadPytree,
  openSafetensors,
  save,
  savePytree,
  serialize,
  Tensor,
} from "../../src/index.ts";

const large = save({
  big: new Tensor("F32", [5], Float32Array.of(1, 70_000, -1e20, Number.POSITIVE_INFINITY, Number.NaN)),
  small: Tensor.from([1, 2]),
});

describe("a cast that makes finite values infinite", () => {
  it.each<[Dtype, number, number]>([
    ["F16", 2, 1e20],
    ["F8_E5M2", 2, 1e20],
    ["F8_E4M3", 2, 1e20],
    ["F8_E4M3FNUZ", 2, 1e20],
    // E8M0 has no sign: what is negative becomes NaN.
    ["F8_E8M0", 1, 1e20],
  ])(
    "to %s warns once for each tensor, with the count and the largest value",
    async (dtype, count, largest) => {
      const onWarning = vi.fn();
      await loadFile(large, { cast: dtype, onWarning });
      expect(onWarning).toHaveBeenCalledOnce();
      const [error] = onWarning.mock.calls[0]!;
      expect(error).toMatchObject({ code: "LossyConversion", tensor: "big", overflowed: count });
      expect(error.message).toContain(
        count === 1 ? "1 finite value of F32" : `${count} finite values of F32`,
      );
      expect(Number(error.found)).toBeCloseTo(largest, -14);
    },
  );

  it("is told apart from values that a dtype can't hold", async () => {
    const error = await loadFile(large, { cast: "I8" }).catch((error) => error);
    expect([error.code, error.overflowed]).toEqual(["LossyConversion", undefined]);
  });

  it("says nothing of infinities and NaN that were there, nor of F4, which saturates", async () => {
    const onWarning = vi.fn();
    const odd = save({ odd: Tensor.from([Number.POSITIVE_INFINITY, Number.NaN, -0, 65_504]) });
    await loadFile(odd, { cast: "F16", onWarning });
    await loadFile(large, { cast: "BF16", onWarning });
    await loadFile(save({ a: Tensor.from([1e30, 2]) }), { cast: "F4", onWarning });
    expect(onWarning).not.toHaveBeenCalled();
  });

  it("counts over the chunks of a large tensor, and over elements that straddle none", async () => {
    const data = new Float32Array(5_000_000).fill(1e10);
    const onWarning = vi.fn();
    await loadFile(save({ data: new Tensor("F32", [data.length], data) }), { cast: "F16", onWarning });
    expect(onWarning.mock.calls[0]![0].message).toContain("5000000 finite values");
  });

  it('is an error with overflow: "error", and nothing with "ignore", wherever a cast is possible', async () => {
    const file = await openSafetensors(large);
    const strict = { cast: "F16", overflow: "error" } as const;
    const lossy = { code: "LossyConversion", tensor: "big", overflowed: 2 };
    await expect(loadFile(large, strict)).rejects.toMatchObject(lossy);
    await expect(loadPytree(large, strict)).rejects.toMatchObject(lossy);
    await expect(file.tensor("big", strict)).rejects.toMatchObject(lossy);
    await expect(file.slice("big", "1:3", strict)).rejects.toMatchObject(lossy);
    await expect(collect(file.stream("big", strict))).rejects.toMatchObject(lossy);
    const tree = { big: load(large).big! };
    await expect(savePytree(tree, { write: () => {}, close: () => {} }, strict)).rejects.toMatchObject({
      ...lossy,
      tensor: "@big",
    });
    expect(() => save(tree, strict)).toThrow(expect.objectContaining(lossy));
    const onWarning = vi.fn();
    await loadFile(large, { cast: "F16", overflow: "ignore", onWarning });
    expect(onWarning).not.toHaveBeenCalled();
  });
});

describe("a cast on the way into a file", () => {
  it("converts weights and leaves scalars alone", async () => {
    const tree = { w: Tensor.from([1.5, 2]), ids: new Int32Array([7]), step: 3, on: true };
    const file = await serialize(tree, { cast: { F32: "BF16", F64: "F32", BOOL: "U8" } });
    const back = load(await (await file.blob()).arrayBuffer());
    expect(back["@w"]!.dtype).toBe("BF16");
    expect(back["@w"]!.toArray()).toEqual([1.5, 2]);
    expect(back["@ids"]!.dtype).toBe("I32");
    expect([back["@step"]!.dtype, back["@on"]!.dtype]).toEqual(["F64", "BOOL"]);
    expect(await loadPytree(await file.blob())).toMatchObject({ step: 3, on: true });
  });

  it("streams lazy leaves through the cast", async () => {
    const lazy = await loadPytree(large, { lazy: true, keys: "dotted" });
    const file = await serialize(lazy, { cast: "BF16" });
    const back = load(await (await file.blob()).arrayBuffer());
    expect(back["@small"]!.dtype).toBe("BF16");
    expect(back["@small"]!.toArray()).toEqual([1, 2]);
  });
});

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}
