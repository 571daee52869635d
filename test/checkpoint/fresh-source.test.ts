import { describe, expect, it } from "vitest";
import { loadFile, openSafetensors, type Tensor } from "../../src/index.node.ts";
import { openSource } from "../../src/io/open-source.ts";
import type { ReadOptions } from "../../src/io/types.ts";

const MIB = 2 ** 20;

/** The bytes of a header, `spaces` behind it. */
function headerOf(entries: Record<string, unknown>, spaces: number): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(entries) + " ".repeat(spaces));
  const bytes = new Uint8Array(8 + json.byteLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  bytes.set(json, 8);
  return bytes;
}

/** A file of three tensors whose data begin at an odd place. */
function oddFile(): Uint8Array {
  const entries = {
    first: { dtype: "U8", shape: [3], data_offsets: [0, 3] },
    bytes: { dtype: "U8", shape: [5], data_offsets: [3, 8] },
    doubles: { dtype: "F64", shape: [3], data_offsets: [8, 32] },
  };
  const length = headerOf(entries, 0).byteLength;
  const header = headerOf(entries, 7 - (length % 8));
  const data = new Uint8Array(32).fill(7);
  new Float64Array(data.buffer, 8).set([1.5, 2.5, 3.5]);
  return Uint8Array.from([...header, ...data]);
}

/** A source over `head` and zeros behind it that makes memory for each read, and keeps what it made. */
function freshSource(head: Uint8Array, size = head.byteLength) {
  const made: ArrayBufferLike[] = [];
  const into: number[] = [];
  return {
    made,
    into,
    size,
    fresh: true,
    async read(start: number, end: number, options: ReadOptions = {}) {
      if (options.into) {
        into.push(options.into.byteLength);
        return options.into;
      }
      const bytes = new Uint8Array(end - start);
      bytes.set(head.subarray(start, end));
      made.push(bytes.buffer);
      return bytes;
    },
  };
}

describe("a source whose reads make memory of their own", () => {
  it("keeps tensors in that memory, aligned also behind a header of an odd length", async () => {
    const file = oddFile();
    expect((file.byteLength - 32) % 8).toBe(7);
    const source = freshSource(file);
    const { first, bytes, doubles } = await loadFile(source);
    expect(first!.data).toEqual(new Uint8Array(3).fill(7));
    expect(bytes!.data).toEqual(new Uint8Array(5).fill(7));
    expect(doubles!.data).toEqual(Float64Array.of(1.5, 2.5, 3.5));
    expect(source.into).toEqual([]);
    // The header, and all tensors together.
    expect(source.made).toHaveLength(2);
    expect(bytes!.data.buffer).toBe(source.made[1]);
    expect(doubles!.data.buffer).toBe(source.made[1]);
  });

  it("begins early enough that what follows the first tensor is aligned", async () => {
    const source = freshSource(oddFile());
    const file = await openSafetensors(source);
    const tensors: Tensor[] = [];
    for await (const [, tensor] of file.tensors(["bytes", "doubles"])) tensors.push(tensor);
    expect(tensors.map(({ data }) => data)).toEqual([
      new Uint8Array(5).fill(7),
      Float64Array.of(1.5, 2.5, 3.5),
    ]);
    expect(tensors[0]!.data.buffer).toBe(source.made[1]);
    expect(tensors[1]!.data.buffer).toBe(source.made[1]);
  });

  it("converts from that memory", async () => {
    const source = freshSource(oddFile());
    const file = await openSafetensors(source);
    const singles = await file.tensor("doubles", { cast: "F32", lossy: true });
    expect(singles.data).toEqual(Float32Array.of(1.5, 2.5, 3.5));
    expect(source.into).toEqual([]);
  });

  it("reads into memory that the caller gives", async () => {
    const source = freshSource(oddFile());
    const file = await openSafetensors(source);
    await file.tensor("doubles", { into: new Float64Array(3) });
    expect(source.into).toEqual([24]);
  });

  it("reads in parts of 16 MiB what is more", async () => {
    const entries = Object.fromEntries(
      Array.from({ length: 5 }, (_, i) => [
        `t${i}`,
        { dtype: "U8", shape: [8 * MIB], data_offsets: [i * 8 * MIB, (i + 1) * 8 * MIB] },
      ]),
    );
    const head = headerOf(entries, 0);
    const source = freshSource(head, head.byteLength + 40 * MIB);
    const progress: number[] = [];
    await loadFile(source, { onProgress: ({ loaded }) => progress.push(loaded / MIB) });
    expect(source.made.slice(1).map(({ byteLength }) => byteLength / MIB)).toEqual([16, 16, 8]);
    expect(progress).toEqual([16, 32, 40]);
  });

  it("reads a tensor of more than 256 MiB in pieces, into one memory", async () => {
    const length = 257 * MIB;
    const head = headerOf({ t: { dtype: "U8", shape: [length], data_offsets: [0, length] } }, 0);
    const source = freshSource(head, head.byteLength + length);
    const { t } = await loadFile(source);
    expect(t!.data.buffer.byteLength).toBe(length);
    expect(source.made).toHaveLength(1);
    expect(Math.max(...source.into)).toBe(16 * MIB);
  });
});

describe("Blobs", () => {
  it("make memory of their own; lazy ones, which ask a server, are read in pieces", async () => {
    const lazy = { size: 3, slice: () => ({ arrayBuffer: async () => new ArrayBuffer(3) }) };
    expect((await openSource(new Blob(["abc"]))).source.fresh).toBe(true);
    expect((await openSource(lazy)).source.fresh).toBe(false);
  });
});
