import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type ByteSink,
  type FileHandleLike,
  loadPytree,
  save,
  saveFile,
  savePytree,
  Tensor,
} from "../../src/index.node.ts";

/* What is written, counted: how often, how much, and whether it was copied. */
const MIB = 2 ** 20;

/** A sink that keeps the chunks themselves. */
class KeepingSink implements ByteSink {
  readonly chunks: Uint8Array[] = [];
  announced = 0;

  begin(totalBytes: number) {
    this.announced = totalBytes;
  }

  write(chunk: Uint8Array) {
    this.chunks.push(chunk);
  }

  close() {}
}

function smallTensors(count: number): Record<string, Tensor> {
  const dict: Record<string, Tensor> = {};
  for (let i = 0; i < count; i++) dict[`t${i}`] = Tensor.from([i, i, i, i]);
  return dict;
}

describe("a save", () => {
  it("hands large tensors to the sink without a copy", async () => {
    const one = new Tensor("F32", [2 * MIB], new Float32Array(2 * MIB));
    const sink = new KeepingSink();
    await saveFile({ one }, sink);
    expect(sink.chunks).toHaveLength(2);
    // No `toBe`: on failure it would print both.
    expect(sink.chunks[1]!.buffer === one.data.buffer).toBe(true);
    expect(sink.announced).toBe(sink.chunks[0]!.byteLength + 8 * MIB);
  });

  it("writes small tensors to a file a megabyte at a time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pytree2safetensors-guard-"));
    const handle = await open(join(folder, "many.safetensors"), "w");
    const sizes: number[] = [];
    const counting: FileHandleLike = {
      fd: handle.fd,
      read: (...args) => handle.read(...args),
      write: (buffer, offset, length, position) => {
        sizes.push(length);
        return handle.write(buffer, offset, length, position);
      },
      stat: () => handle.stat(),
      truncate: (length) => handle.truncate(length),
      sync: () => handle.sync(),
    };
    try {
      const dict = smallTensors(20_000);
      await saveFile(dict, counting, { flush: false });
      const written = await readFile(join(folder, "many.safetensors"));
      expect(written.equals(save(dict))).toBe(true);
      expect(sizes.length).toBeLessThanOrEqual(Math.ceil(written.byteLength / MIB) + 1);
    } finally {
      await handle.close();
      await rm(folder, { recursive: true });
    }
  });

  it("hands tensors of 100 kB to the file as they are, many to a call, and goes on after short writes", async () => {
    const dict: Record<string, Tensor> = { none: new Tensor("F32", [0], new Float32Array()) };
    for (let i = 0; i < 200; i++) {
      dict[`large${i}`] = new Tensor("F32", [25_000 + i], new Float32Array(25_000 + i).fill(i));
      dict[`small${i}`] = Tensor.from([i]);
    }
    for (const limit of [Number.POSITIVE_INFINITY, 777_777, 5_001]) {
      const file = new Uint8Array(save(dict).byteLength);
      const own = new Set<ArrayBufferLike>(Object.values(dict).map((tensor) => tensor.data.buffer));
      let calls = 0;
      let uncopied = 0;
      const writev = async (buffers: readonly Uint8Array[], position = 0) => {
        calls++;
        let done = 0;
        for (const buffer of buffers) {
          if (own.has(buffer.buffer)) uncopied++;
          const part = buffer.subarray(0, limit - done);
          file.set(part, position + done);
          done += part.byteLength;
          if (part.byteLength < buffer.byteLength) break;
        }
        return { bytesWritten: done };
      };
      await saveFile(dict, handleOf(writev));
      expect(Buffer.compare(file, save(dict))).toBe(0);
      if (limit < file.byteLength) continue;
      expect(uncopied).toBe(200);
      expect(calls).toBeLessThanOrEqual(5);
    }
  });

  it("has one call to a file under way, never more, and each at its place", async () => {
    const dict = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [
        `t${i}`,
        new Tensor("U8", [4 * MIB], new Uint8Array(4 * MIB).fill(i)),
      ]),
    );
    const file = new Uint8Array(save(dict).byteLength);
    let underWay = 0;
    let most = 0;
    const writev = async (buffers: readonly Uint8Array[], position = 0) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 5));
      let at = position;
      for (const buffer of buffers) {
        file.set(buffer, at);
        at += buffer.byteLength;
      }
      underWay--;
      return { bytesWritten: at - position };
    };
    await saveFile(
      dict,
      handleOf(writev, async () => {
        expect(underWay).toBe(0);
      }),
    );
    expect(most).toBe(1);
    expect(Buffer.compare(file, save(dict))).toBe(0);
  });

  it("hands leaves of a few bytes to a sink many at a time, between larger ones", async () => {
    const dict: Record<string, Tensor> = {};
    for (let i = 0; i < 20_000; i++) dict[`t${i}`] = Tensor.from([i, -i]);
    dict.t15000 = new Tensor("F32", [1000], new Float32Array(1000).fill(0.5));
    dict.big = new Tensor("I64", [1], BigInt64Array.of(5n));
    const chunks: Uint8Array[] = [];
    await saveFile(dict, { write: (chunk: Uint8Array) => void chunks.push(chunk.slice()), close: () => {} });
    expect(Buffer.concat(chunks).equals(save(dict))).toBe(true);
    expect(chunks.length).toBeLessThan(8);
  });

  it("from a lazy tree holds pieces of 4 MiB, never a tensor", async () => {
    const file = save({ big: new Tensor("U8", [20 * MIB], new Uint8Array(20 * MIB)) });
    const sink = new KeepingSink();
    await savePytree(await loadPytree(new Blob([file]), { lazy: true }), sink);
    expect(sink.chunks.slice(1).map((chunk) => chunk.byteLength / MIB)).toEqual([4, 4, 4, 4, 4]);
  });
});

type Writev = NonNullable<FileHandleLike["writev"]>;

/** The handle of an empty file that is written by a function. */
function handleOf(writev: Writev, sync = async () => {}): FileHandleLike {
  return {
    fd: 3,
    read: async () => ({ bytesRead: 0 }),
    write: (buffer, offset, length, position) =>
      writev([buffer.subarray(offset, offset + length)], position ?? 0),
    writev,
    stat: async () => ({ size: 0, isFile: () => true }),
    truncate: async () => {},
    sync,
  };
}
