import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { loadPytree, openSafetensors, save, saveFile, savePytree, Tensor } from "../../src/index.node.ts";
import type { ByteSink, ByteSource } from "../../src/io/types.ts";

// Several pieces of 4 MiB, the last of them not whole.
const ELEMENTS = 2.25 * 2 ** 20;

function tensors(): Record<string, Tensor> {
  const make = (seed: number) => {
    const data = new Float32Array(ELEMENTS);
    for (let i = 0; i < data.length; i++) data[i] = (Math.imul(i + seed, 2654435761) % 1000) / 7;
    return new Tensor("F32", [ELEMENTS], data);
  };
  return { a: make(1), b: make(2) };
}

/** Bytes whose reads and writes are told of, and take their time. */
function slow(bytes: Uint8Array, events: string[]) {
  const written: Uint8Array[] = [];
  const source: ByteSource = {
    size: bytes.byteLength,
    async read(start, end, { into } = {}) {
      events.push("read");
      await setTimeout(3);
      const out = into ?? new Uint8Array(end - start);
      out.set(bytes.subarray(start, end));
      events.push("has read");
      return out;
    },
  };
  const sink: ByteSink = {
    async write(chunk) {
      events.push("write");
      await setTimeout(10);
      written.push(chunk.slice());
      events.push("has written");
    },
    close() {},
  };
  return { source, sink, written };
}

// Comparing megabytes element by element would take minutes.
function areEqual(chunks: readonly Uint8Array[], bytes: Uint8Array): boolean {
  return Buffer.concat(chunks).equals(bytes);
}

describe("a cast from file to file", () => {
  it("writes what was converted, though memory is used again and a sink takes its time", async () => {
    const dict = tensors();
    const { source, sink, written } = slow(save(dict), []);
    const tree = await loadPytree<object>(source, { lazy: true, cast: "BF16" });
    await savePytree(tree, sink);
    expect(areEqual(written, save({ a: dict.a!.cast("BF16"), b: dict.b!.cast("BF16") }))).toBe(true);
  });

  it("reads and converts the next piece while one is being written", async () => {
    const events: string[] = [];
    const { source, sink } = slow(save(tensors()), events);
    const tree = await loadPytree<object>(source, { lazy: true, cast: "F16" });
    events.length = 0;
    await savePytree(tree, sink);
    // The second write is the first piece's; the header's was the first.
    const [, begun] = events.flatMap((event, i) => (event === "write" ? [i] : []));
    const [, ended] = events.flatMap((event, i) => (event === "has written" ? [i] : []));
    expect(events.slice(begun! + 1, ended)).toEqual(expect.arrayContaining(["read", "has read"]));
  });

  it("converts arrays in memory likewise", async () => {
    const dict = tensors();
    const { sink, written } = slow(new Uint8Array(0), []);
    await saveFile(dict, sink, { cast: "F16" });
    expect(areEqual(written, save({ a: dict.a!.cast("F16"), b: dict.b!.cast("F16") }))).toBe(true);
  });

  it("rejects with what the sink threw, after what is being read has come", async () => {
    const events: string[] = [];
    const { source } = slow(save(tensors()), events);
    let writes = 0;
    let aborted: unknown;
    const sink: ByteSink = {
      async write() {
        await setTimeout(1);
        if (++writes === 2) throw new Error("the disk is full");
      },
      close() {},
      abort(reason) {
        aborted = reason;
      },
    };
    const tree = await loadPytree<object>(source, { lazy: true, cast: "BF16" });
    await expect(savePytree(tree, sink)).rejects.toThrow("the disk is full");
    expect(aborted).toMatchObject({ message: "the disk is full" });
    expect(events.filter((event) => event === "read")).toHaveLength(
      events.filter((event) => event === "has read").length,
    );
  });

  it("has read what it began to read when its consumer stops early", async () => {
    const events: string[] = [];
    const { source } = slow(save(tensors()), events);
    const file = await openSafetensors(source);
    events.length = 0;
    for await (const piece of file.stream("a", { cast: "BF16", chunkBytes: 2 ** 20 })) {
      expect(piece.byteLength).toBe(2 ** 19);
      break;
    }
    expect(events).toEqual(["read", "read", "has read", "has read"]);
  });

  it("gives each piece of a public stream memory of its own", async () => {
    const { a } = tensors();
    const file = await openSafetensors(save({ a: a! }));
    const pieces: Uint8Array[] = [];
    for await (const piece of file.stream("a", { cast: "BF16", chunkBytes: 2 ** 20 })) pieces.push(piece);
    expect(areEqual(pieces, a!.cast("BF16").bytes)).toBe(true);
  });
});
