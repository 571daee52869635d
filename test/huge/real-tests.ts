import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type ArrayAdapter,
  LazyTensor,
  loadPytree,
  openSafetensors,
  savePytree,
  treeLeaves,
} from "pytree2safetensors";
import { describe, equal, it, ok } from "../runtimes/harness.ts";
import { pattern } from "../runtimes/support.ts";
import { MIB, peakGrowth } from "./measure.ts";

const ARRAYS = 96;
const ARRAY_BYTES = 64 * MIB;

/** An array as a device has it: its values are made when they are read. */
class DeviceArray {
  readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
  }
}

/** One real file of 6 GB: written, read, and compared by its SHA-256. */
export function realTests(folder: string): void {
  const path = join(folder, "real.safetensors");
  const base = pattern(ARRAY_BYTES);
  const words = new Uint32Array(base.buffer);
  const readOrder: number[] = [];

  // One memory for all of them, so that what the process grows by is the library's.
  function valuesOf(seed: number): Uint8Array {
    for (let at = 0; at < words.length; at += 1024) words[at] = seed * 0x10001 + at;
    return base;
  }

  const adapter: ArrayAdapter<DeviceArray> = {
    name: "device",
    is: (value): value is DeviceArray => value instanceof DeviceArray,
    describe: () => ({ dtype: "F32", shape: [4096, 4096] }),
    read: async ({ seed }) => {
      readOrder.push(seed);
      return valuesOf(seed);
    },
    make: () => new DeviceArray(-1),
  };
  const tree = { layers: Array.from({ length: ARRAYS }, (_, seed) => new DeviceArray(seed)), step: 6 };
  let expected = "";

  describe("a real file of 6 GB", () => {
    it("is saved with at most 16 MiB more than its largest array", async () => {
      const growth = await peakGrowth(() => savePytree(tree, path, { arrays: adapter }));
      ok(growth <= 16 * MIB, `grew by ${growth / MIB} MiB`);
      ok(statSync(path).size > ARRAYS * ARRAY_BYTES, "bytes");
      equal(await readdir(folder), ["real.safetensors"], "no temporary file");
      equal(readOrder.length, ARRAYS, "each array is read once");
      const file = await openSafetensors(path);
      equal(
        readOrder.map((seed) => `@layers#${seed}`),
        file.names.filter((name) => name !== "@step"),
        "in file order",
      );
      await file.close();
    });

    it("is what was saved, read by Node alone", async () => {
      const data = createHash("sha256");
      for (const seed of readOrder) data.update(valuesOf(seed));
      expected = data.digest("hex");
      // The data end the file, and theirs are the last: the scalar is of a wider dtype and stands in front.
      const start = statSync(path).size - ARRAYS * ARRAY_BYTES;
      const found = createHash("sha256");
      for await (const chunk of createReadStream(path, { start, highWaterMark: 8 * MIB })) {
        found.update(chunk as Buffer);
      }
      equal(found.digest("hex"), expected, "SHA-256");
    });

    it("is loaded lazily, leaf by leaf, in little memory", async () => {
      const found = createHash("sha256");
      const loaded = await loadPytree<{ layers: LazyTensor[]; step: number }>(path, { lazy: true });
      equal(loaded.step, 6, "scalar");
      equal(treeLeaves(loaded).length, ARRAYS + 1, "leaves");
      const into = new Float32Array(ARRAY_BYTES / 4);
      into.fill(1); // the memory is there before it is counted
      const growth = await peakGrowth(async () => {
        for (const seed of readOrder) {
          const leaf = loaded.layers[seed]!;
          ok(leaf instanceof LazyTensor, "lazy");
          found.update((await leaf.load({ into })).bytes);
        }
      });
      equal(found.digest("hex"), expected, "SHA-256");
      ok(growth <= 16 * MIB, `grew by ${growth / MIB} MiB`);
      await loaded.layers[0]!.file.close();
    });
  });
}
