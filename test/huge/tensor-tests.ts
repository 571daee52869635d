import { constants } from "node:buffer";
import { join } from "node:path";
import { load, loadFile, openSafetensors, save, saveFile, Tensor } from "pytree2safetensors";
import { describe, equal, it, ok, rejects } from "../runtimes/harness.ts";
import { bytesRead, GIB, MIB, peakGrowth } from "./measure.ts";
import { type SparseTensor, writeSparse } from "./sparse.ts";

// Chunks of 8 MiB in fresh memory, as many as the collector lets lie until it takes them.
const CHUNKS = 128 * MIB;

const MARK = 0x12345678;
const MARK_BYTES = new Uint8Array(Uint32Array.of(MARK).buffer);

/** A tensor with a mark at each GiB and at its end. */
function marked(name: string, dtype: string, gib: number): SparseTensor {
  const width = { U8: 1, BF16: 2, U32: 4 }[dtype]!;
  const marks = Array.from({ length: Math.ceil(gib) }, (_, i) => i * GIB);
  return {
    name,
    dtype,
    shape: [(gib * GIB) / width / 1024, 1024],
    byteLength: gib * GIB,
    written: [...marks, gib * GIB - 4].map((at) => ({ at, bytes: MARK_BYTES })),
  };
}

/** Throws unless a tensor of `gib` GiB has its marks, and nothing but zeros around them. */
function checkMarks(data: Uint32Array, gib: number): void {
  equal(data.length, (gib * GIB) / 4, "elements");
  for (let i = 0; i < gib; i++) {
    equal(data[(i * GIB) / 4], MARK, `at ${i} GiB`);
    equal(data[(i * GIB) / 4 + 1], 0, `after ${i} GiB`);
  }
  equal(data[data.length - 1], MARK, "at the end");
  equal(data[data.length - 2], 0, "before the end");
}

// Node 20 has no Uint8Array over 4 GiB.
const hasLongBytes = constants.MAX_LENGTH > 5 * GIB;

/** 8-bit tensors over 4 GiB, of which runtimes differ in whether they have them. */
export function byteTensorTests(folder: string): void {
  const path = join(folder, "bytes.safetensors");
  writeSparse(path, [marked("bytes", "U8", 5)]);

  describe("a tensor", () => {
    it("of bytes over 4 GiB is loaded, or named in an error that says how to read it", async () => {
      const file = await openSafetensors(path);
      if (hasLongBytes) {
        const { buffer, byteOffset } = (await file.tensor("bytes")).data;
        checkMarks(new Uint32Array(buffer, byteOffset, (5 * GIB) / 4), 5);
      } else {
        let error = new Error();
        const count = await bytesRead(async () => {
          error = await rejects(() => file.tensor("bytes"), "TooLarge");
        });
        ok(count < MIB, `${count} bytes are read before the error`);
        ok(/"bytes".*slice\(\).*stream\(\)/s.test(error.message), error.message);
        equal((error as Error & { tensor: string }).tensor, "bytes", "tensor");
      }
      await file.close();
    });

    it("of bytes over 4 GiB is sliced and streamed", async () => {
      const file = await openSafetensors(path);
      const last = await file.slice("bytes", [-1, [-4, null]]);
      equal(last.data, MARK_BYTES, "the last bytes");
      let bytes = 0;
      let marks = 0;
      const growth = await peakGrowth(async () => {
        for await (const chunk of file.stream("bytes")) {
          if (new Uint32Array(chunk.buffer, chunk.byteOffset, 1)[0] === MARK) marks++;
          bytes += chunk.byteLength;
        }
      });
      equal(bytes, 5 * GIB, "bytes");
      equal(marks, 5, "marks at each GiB");
      ok(growth <= CHUNKS, `grew by ${growth / MIB} MiB`);
      await file.close();
    });
  });
}

/** Tensors over 2 GiB and over 4 GiB, where one memory has to hold them. */
export function tensorTests(folder: string): void {
  const path = join(folder, "tensors.safetensors");
  writeSparse(path, [marked("three", "U32", 3), marked("five", "U32", 5), marked("halves", "BF16", 1.5)]);

  describe("a tensor", () => {
    it("over 2 GiB is loaded", async () => {
      const { three } = await loadFile(path, { select: "three" });
      checkMarks(three!.data as Uint32Array, 3);
    });

    it("over 4 GiB is loaded, and saved with no more memory than a few chunks", async () => {
      const { five } = await loadFile(path, { select: "five" });
      checkMarks(five!.data as Uint32Array, 5);
      let bytes = 0;
      const write = (chunk: Uint8Array) => {
        bytes += chunk.byteLength;
      };
      const growth = await peakGrowth(() => saveFile({ five: five! }, { write, close: () => {} }));
      ok(bytes > 5 * GIB && bytes < 5 * GIB + 4096, `${bytes} bytes`);
      ok(growth <= 16 * MIB, `grew by ${growth / MIB} MiB`);
    });

    it("is cast while it is read, with no more memory than the result and a few chunks", async () => {
      let tensor: Tensor | undefined;
      const growth = await peakGrowth(async () => {
        tensor = (await loadFile(path, { select: "halves", cast: { BF16: "F32" } })).halves;
      });
      equal(tensor!.byteLength, 3 * GIB, "bytes");
      // The mark's halves are two BF16 codes, each the upper half of a float.
      const codes = new Uint32Array(tensor!.data.buffer, tensor!.data.byteOffset);
      equal([codes[0], codes[1], codes[2]], [0x56780000, 0x12340000, 0], "the first");
      equal([codes.at(-2), codes.at(-1)], [0x56780000, 0x12340000], "the last");
      ok(growth <= 3 * GIB + CHUNKS, `grew by ${growth / MIB} MiB`);
    });

    it("over 4 GiB is a view of memory that is there, for load", async () => {
      const json = `{"x":{"dtype":"U32","shape":[${(5 * GIB) / 4}],"data_offsets":[0,${5 * GIB}]}}`;
      const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
      const buffer = new ArrayBuffer(8 + text.byteLength + 5 * GIB);
      new DataView(buffer).setBigUint64(0, BigInt(text.byteLength), true);
      new Uint8Array(buffer, 8, text.byteLength).set(text);
      const growth = await peakGrowth(async () => {
        const { x } = load(buffer);
        ok(x!.data.buffer === buffer, "the very memory");
        equal(x!.shape, [(5 * GIB) / 4], "shape");
      });
      ok(growth <= 16 * MIB, `grew by ${growth / MIB} MiB`);
    });

    if (!hasLongBytes) {
      it("over 4 GiB can't be saved to one Uint8Array where there is none so long: a named error", async () => {
        const tensor = new Tensor("U32", [(5 * GIB) / 4], new Uint32Array(new ArrayBuffer(5 * GIB)));
        await rejects(() => save({ tensor }), "TooLarge");
      });
    }
  });
}
