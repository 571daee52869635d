import { describe, expect, it } from "vitest";
import { SnapshotMemory, SnapshotPool } from "../../src/checkpoint/snapshot-memory.ts";

const MIB = 2 ** 20;

describe("SnapshotMemory", () => {
  it("copies arrays of every size side by side, each aligned to its elements", () => {
    const memory = new SnapshotMemory();
    const bytes = memory.copyOf("U8", Uint8Array.of(1, 2, 3));
    const doubles = memory.copyOf("F64", Float64Array.of(4, 5));
    const none = memory.copyOf("F32", new Float32Array(0));
    const large = memory.copyOf("I32", new Int32Array(MIB).fill(6));
    const shared = memory.copyOf("U16", new Uint16Array(new SharedArrayBuffer(4)).fill(7));
    expect([bytes, doubles, none, shared]).toEqual([
      Uint8Array.of(1, 2, 3),
      Float64Array.of(4, 5),
      new Float32Array(0),
      Uint16Array.of(7, 7),
    ]);
    expect(large.every((value) => value === 6)).toBe(true);
    expect(doubles.buffer).toBe(bytes.buffer);
  });

  it("copies a view of a buffer, not the buffer", () => {
    const copy = new SnapshotMemory().copyOf("U8", Buffer.from("abcdef").subarray(2, 4));
    expect(copy).toEqual(Uint8Array.of(99, 100));
    expect(copy.constructor).toBe(Uint8Array);
  });

  it("takes little memory for a small tree, and few blocks for a large one", () => {
    const memory = new SnapshotMemory();
    expect(memory.copyOf("U8", new Uint8Array(1)).buffer.byteLength).toBe(MIB);
    const buffers = new Set(
      Array.from({ length: 300 }, () => memory.copyOf("U8", new Uint8Array(MIB)).buffer),
    );
    expect(buffers.size).toBeLessThan(12);
  });
});

describe("SnapshotPool", () => {
  it("gives released memory to the next snapshot, and never memory that is in use", () => {
    const pool = new SnapshotPool();
    const [first, second] = [pool.take(), pool.take()];
    const a = first.copyOf("U8", Uint8Array.of(1));
    const b = second.copyOf("U8", Uint8Array.of(2));
    expect(b.buffer).not.toBe(a.buffer);
    first.release();
    const third = pool.take();
    const c = third.copyOf("U8", Uint8Array.of(3));
    expect(c.buffer).toBe(a.buffer);
    expect([...b, ...c]).toEqual([2, 3]);
  });

  it("drops the blocks that a smaller tree has no use for", () => {
    const pool = new SnapshotPool();
    const large = pool.take();
    const old = Array.from({ length: 4 }, () => large.copyOf("U8", new Uint8Array(MIB)).buffer);
    large.release();
    const small = pool.take();
    small.copyOf("U8", Uint8Array.of(1));
    small.release();
    const again = pool.take();
    const now = Array.from({ length: 4 }, () => again.copyOf("U8", new Uint8Array(MIB)).buffer);
    expect(now.filter((buffer) => old.includes(buffer))).toEqual([old[0]]);
  });
});
