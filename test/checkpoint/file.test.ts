import { describe, expect, it } from "vitest";
import { loadFile, openSafetensors, save, Tensor } from "../../src/index.node.ts";
import { CountingSource } from "./counting-source.ts";

const KIB = 1024;

/** 64 tensors of 16 KiB and one of 4 MiB, whose values tell where they are from. */
function makeFile(): Uint8Array {
  const dict: Record<string, Tensor> = {};
  for (let i = 0; i < 64; i++)
    dict[`layers#${i}@w`] = new Tensor("F32", [64, 64], new Float32Array(4096).fill(i));
  dict.big = new Tensor(
    "U8",
    [4096, 1024],
    Uint8Array.from({ length: 4096 * 1024 }, (_, i) => i * 31),
  );
  return save(dict, { metadata: { epoch: "3" } });
}

describe("openSafetensors", () => {
  it("reads the header and at most 64 KiB", async () => {
    const source = new CountingSource(makeFile());
    const file = await openSafetensors(source);
    expect(file.names).toHaveLength(65);
    expect(file.info("layers#7@w")).toEqual({ dtype: "F32", shape: [64, 64], byteLength: 16 * KIB });
    expect(file.metadata).toEqual({ epoch: "3" });
    expect(source.bytesRead).toBeLessThanOrEqual(64 * KIB);
    expect(source.reads).toHaveLength(1);
  });

  it("reads a header that is longer than the first read in a second one, into the same memory", async () => {
    const dict = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`tensor.${i}`, Tensor.from([i])]),
    );
    const source = new CountingSource(save(dict));
    const file = await openSafetensors(source);
    expect(file.names).toHaveLength(3000);
    expect(source.reads).toHaveLength(2);
    expect(source.readsInto).toBe(1);
    expect((await file.tensor("tensor.2999")).item()).toBe(2999);
  });

  it("knows which tensors there are, by the first question as by the hundredth", async () => {
    const file = await openSafetensors(makeFile());
    for (let i = 0; i < 100; i++) {
      expect(file.has(`layers#${i}@w`)).toBe(i < 64);
      if (i < 64) expect(file.info(`layers#${i}@w`).shape).toEqual([64, 64]);
    }
  });

  it("leaves open what the caller opened, and closes what it opened", async () => {
    const source = new CountingSource(makeFile());
    const file = await openSafetensors(source);
    await loadFile(file, { select: "layers#0" });
    expect((await file.tensor("layers#1@w")).data[0]).toBe(1);
    await file.close();
    await expect(file.tensor("layers#1@w")).rejects.toMatchObject({ code: "SourceClosed" });
    expect(source.closed).toBe(0);
  });

  it("names the file in front of a fault of the format", async () => {
    const source = Object.assign(new CountingSource(new Uint8Array(3)), { name: "broken.safetensors" });
    await expect(openSafetensors(source)).rejects.toMatchObject({
      code: "HeaderTooSmall",
      source: "broken.safetensors",
      message: expect.stringContaining("broken.safetensors: "),
    });
  });

  it("names near tensors for one that is not there", async () => {
    const file = await openSafetensors(makeFile());
    expect(() => file.info("layers#63@weights")).toThrowError(
      /no tensor "layers#63@weights".*"layers#63@w"/s,
    );
    await expect(file.tensor("nothing")).rejects.toMatchObject({ code: "TensorNotFound", tensor: "nothing" });
  });
});

describe("SafetensorsFile.tensor", () => {
  it("reads the tensor's own bytes and no others", async () => {
    const source = new CountingSource(makeFile());
    const file = await openSafetensors(source);
    source.reads = [];
    const tensor = await file.tensor("layers#5@w");
    expect(tensor.data.every((value) => value === 5)).toBe(true);
    expect(source.bytesRead).toBe(16 * KIB);
    expect(source.reads).toHaveLength(1);
  });

  it("reads into memory that the caller gives", async () => {
    const file = await openSafetensors(new CountingSource(makeFile()));
    const into = new Float32Array(4096);
    const tensor = await file.tensor("layers#9@w", { into });
    expect(tensor.data.buffer === into.buffer).toBe(true);
    expect(into[4095]).toBe(9);
    await expect(file.tensor("layers#9@w", { into: new Float32Array(3) })).rejects.toMatchObject({
      code: "InvalidArgument",
    });
  });

  it("refuses memory that the dtype can't be a view of", async () => {
    const file = await openSafetensors(new CountingSource(makeFile()));
    const odd = new Uint8Array(16 * KIB + 1).subarray(1);
    for (const options of [{ into: odd }, { into: odd, cast: "I32" as const }]) {
      await expect(file.tensor("layers#9@w", options)).rejects.toMatchObject({ code: "InvalidArgument" });
    }
  });

  it("casts while reading", async () => {
    const file = await openSafetensors(new CountingSource(makeFile()));
    const tensor = await file.tensor("layers#9@w", { cast: "BF16" });
    expect(tensor.dtype).toBe("BF16");
    expect(tensor.toFloat32Array()[4095]).toBe(9);
    const into = new Uint16Array(4096);
    expect((await file.tensor("layers#9@w", { cast: "BF16", into })).data.buffer === into.buffer).toBe(true);
  });

  it("is a view of the bytes where they are in memory", async () => {
    const bytes = makeFile();
    const tensor = await (await openSafetensors(bytes)).tensor("layers#2@w");
    expect(tensor.data.buffer === bytes.buffer).toBe(true);
  });

  it("aligns tensors of a file whose header has an odd length", async () => {
    const even = save({ a: Tensor.from([1.5, 2.5]), b: Tensor.from([3n]) });
    const length = new DataView(even.buffer).getUint32(0, true);
    const odd = new Uint8Array(even.byteLength + 1);
    odd.set(even.subarray(0, 8 + length));
    odd[8 + length] = 0x20;
    odd.set(even.subarray(8 + length), 9 + length);
    new DataView(odd.buffer).setUint32(0, length + 1, true);
    const tensors = await loadFile(new CountingSource(odd));
    expect([...(tensors.a?.data ?? [])]).toEqual([1.5, 2.5]);
    expect(tensors.b?.item()).toBe(3n);
    expect(tensors.a?.data.buffer === tensors.b?.data.buffer).toBe(true);
  });
});

describe("SafetensorsFile.tensors", () => {
  it("gives all tensors in the order of their data, neighbours read together", async () => {
    const source = new CountingSource(makeFile());
    const file = await openSafetensors(source);
    source.reads = [];
    const names: string[] = [];
    for await (const [name] of file.tensors()) names.push(name);
    expect(names).toEqual(file.names);
    expect(source.bytesRead).toBe(64 * 16 * KIB + 4096 * KIB);
    expect(source.reads.length).toBeLessThan(4);
  });

  it("stops reading when the loop ends early", async () => {
    const dict: Record<string, Tensor> = {};
    for (let i = 0; i < 12; i++) dict[`t${i}`] = new Tensor("U8", [2 ** 25], new Uint8Array(2 ** 25));
    const source = new CountingSource(save(dict));
    const file = await openSafetensors(source);
    for await (const [name] of file.tensors()) {
      expect(name).toBe(file.names[0]);
      break;
    }
    const read = source.bytesRead;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(source.bytesRead).toBe(read);
    expect(read).toBeLessThan(source.size / 2);
  });
});

describe("SafetensorsFile.slice", () => {
  it("reads only the rows asked for", async () => {
    const source = new CountingSource(makeFile());
    const file = await openSafetensors(source);
    source.reads = [];
    const rows = await file.slice("big", [[1000, 1016]]);
    expect(rows.shape).toEqual([16, 1024]);
    expect(rows.data[5]).toBe(((1000 * 1024 + 5) * 31) % 256);
    expect(source.bytesRead).toBe(16 * KIB);
  });

  it("reads only the spans of inner dimensions where they lie apart", async () => {
    const wide = new Tensor(
      "U8",
      [4, 100_000],
      Uint8Array.from({ length: 400_000 }, (_, i) => i % 251),
    );
    const source = new CountingSource(save({ wide }));
    const file = await openSafetensors(source);
    source.reads = [];
    const slice = await file.slice("wide", ":, 10:20");
    expect(slice.shape).toEqual([4, 10]);
    expect([...slice.data]).toEqual(
      [0, 1, 2, 3].flatMap((row) => [...wide.data.slice(row * 100_000 + 10, row * 100_000 + 20)]),
    );
    expect(source.bytesRead).toBe(40);
  });

  it("drops dimensions, takes steps and counts from the end as numpy does", async () => {
    const file = await openSafetensors(makeFile());
    expect((await file.slice("big", "-1, ::512")).toArray()).toEqual(
      [0, 512].map((column) => ((4095 * 1024 + column) * 31) % 256),
    );
    expect((await file.slice("big", [0, 3])).item()).toBe(93);
    await expect(file.slice("big", [5000])).rejects.toMatchObject({ code: "InvalidSlice" });
  });
});

describe("SafetensorsFile.stream", () => {
  it("gives a tensor's bytes in pieces of the size asked for", async () => {
    const file = await openSafetensors(new CountingSource(makeFile()));
    const sizes: number[] = [];
    let sum = 0;
    for await (const chunk of file.stream("big", { chunkBytes: 1_500_000 })) {
      sizes.push(chunk.byteLength);
      sum += chunk.reduce((a, b) => a + b, 0);
    }
    expect(sizes).toEqual([1_500_000, 1_500_000, 4096 * 1024 - 3_000_000]);
    expect(sum).toBe((await file.tensor("big")).bytes.reduce((a, b) => a + b, 0));
  });

  it("converts the pieces", async () => {
    const file = await openSafetensors(makeFile());
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.stream("layers#4@w", { cast: "F16", chunkBytes: 8 * KIB }))
      chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.byteLength)).toEqual([4 * KIB, 4 * KIB]);
    const [first] = chunks;
    expect(Tensor.fromBytes("F16", [2048], first ?? new Uint8Array()).toFloat32Array()[0]).toBe(4);
  });
});
