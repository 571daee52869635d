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

  it("from a lazy tree holds pieces of 8 MiB, never a tensor", async () => {
    const file = save({ big: new Tensor("U8", [20 * MIB], new Uint8Array(20 * MIB)) });
    const sink = new KeepingSink();
    await savePytree(await loadPytree(new Blob([file]), { lazy: true }), sink);
    expect(sink.chunks.slice(1).map((chunk) => chunk.byteLength / MIB)).toEqual([8, 8, 4]);
  });
});
