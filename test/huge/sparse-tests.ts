import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type LazyTensor,
  loadFile,
  loadPytree,
  openSafetensors,
  type SafetensorsFile,
} from "pytree2safetensors";
import type { Nginx } from "../http/nginx.ts";
import { describe, equal, it, ok, rejects } from "../runtimes/harness.ts";
import { bytesRead, CountingFile, GIB } from "./measure.ts";
import { type SparseTensor, writeBig, writeSparse } from "./sparse.ts";
import { BIG, bigName, bigRow } from "./sparse-layout.ts";

const COLUMNS = 4096;
const ROWS = 2 ** 18;

/** The last row of a tensor, which tells the tensors apart. */
function lastRow(tensor: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: COLUMNS }, (_, i) => tensor * 10_000 + i);
}

/** Tensors of 4 GiB, 400 GB in all; the last row of each is written. */
function layers(count: number, first = 0): SparseTensor[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `@layers#${first + i}`,
    dtype: "F32",
    shape: [ROWS, COLUMNS],
    byteLength: 4 * GIB,
    written: [{ at: 4 * GIB - COLUMNS * 4, bytes: new Uint8Array(lastRow(first + i).buffer) }],
  }));
}

/** Files of hundreds of GB, from which little is read: their holes take no disk. */
export function sparseTests(nginx: Nginx): void {
  const folder = join(nginx.folder, "data");
  const huge = join(folder, "huge.safetensors");
  writeSparse(huge, layers(100));
  const big = join(folder, "big.safetensors");
  const bigHeader = writeBig(big);

  describe("a file of 400 GB", () => {
    it("is opened by its header, and read at its far end", async () => {
      const source = await CountingFile.open(huge);
      ok(source.size > 400 * GIB, `${source.size} bytes`);
      const file = await openSafetensors(source);
      equal(file.names.length, 100, "tensors");
      ok(source.bytes <= 65_536, `${source.bytes} bytes to open`);
      source.bytes = 0;
      await readFarEnd(file);
      equal(source.bytes, 2 * COLUMNS * 4, "bytes of two rows");
      await source.close();
    });

    it("is opened by its path, handing out lazy leaves", async () => {
      const count = await bytesRead(async () => {
        const tree = await loadPytree<{ layers: LazyTensor[] }>(huge, { lazy: true });
        const last = tree.layers[99]!;
        equal(last.byteLength, 4 * GIB, "bytes of a leaf");
        equal((await last.slice([-1])).data, lastRow(99), "its last row");
        await last.file.close();
      });
      ok(count <= 65_536 + COLUMNS * 4 + 4096, `${count} bytes`);
    });

    it("is opened by its URL", async () => {
      const file = await openSafetensors(`${nginx.url}/data/huge.safetensors`);
      await nginx.takeLog();
      await readFarEnd(file);
      const requests = await nginx.takeLog();
      equal(
        requests.map(({ bytes }) => bytes),
        [COLUMNS * 4, COLUMNS * 4],
        "bytes of two rows",
      );
    });

    it("is opened as a sharded checkpoint", async () => {
      const shards = join(folder, "shards");
      mkdirSync(shards);
      const weightMap: Record<string, string> = {};
      for (let shard = 0; shard < 4; shard++) {
        const name = `model-0000${shard + 1}-of-00004.safetensors`;
        const tensors = layers(25, 25 * shard);
        writeSparse(join(shards, name), tensors);
        for (const tensor of tensors) weightMap[tensor.name] = name;
      }
      const index = { metadata: { total_size: 400 * GIB }, weight_map: weightMap };
      writeFileSync(join(shards, "model.safetensors.index.json"), JSON.stringify(index));
      for (const place of [shards, `${nginx.url}/data/shards`]) {
        const file = await openSafetensors(`${place}/model.safetensors.index.json`);
        await readFarEnd(file);
        await file.close();
      }
    });

    it("stops reading a tensor when told to", async () => {
      const count = await bytesRead(() => {
        const onProgress = ({ loaded }: { loaded: number }) => {
          if (loaded > 0) controller.abort();
        };
        const controller = new AbortController();
        const { signal } = controller;
        return rejects(() => loadFile(huge, { select: "@layers#5", signal, onProgress }), "AbortError");
      });
      ok(count < GIB / 2, `${count} bytes were read all the same`);
    });
  });

  describe("one tensor of a 10 GB file", () => {
    const bound = BIG.tensorBytes + bigHeader + 65_536;

    it("costs its own bytes, the header and at most 64 KiB: counted by the source", async () => {
      const source = await CountingFile.open(big);
      ok(source.size > 10e9, `${source.size} bytes`);
      await readOne(await openSafetensors(source));
      ok(source.bytes <= bound, `${source.bytes} bytes`);
      await source.close();
    });

    it("costs as much by its path: counted by the operating system", async () => {
      const count = await bytesRead(async () => {
        const file = await openSafetensors(big);
        await readOne(file);
        await file.close();
      });
      ok(count <= bound, `${count} bytes`);
    });

    it("costs as much by its URL, in at most two requests once it is open: counted by nginx", async () => {
      await nginx.takeLog();
      const file = await openSafetensors(`${nginx.url}/data/big.safetensors`);
      const opening = await nginx.takeLog();
      await readOne(file);
      const reading = await nginx.takeLog();
      ok(reading.length <= 2, `${reading.length} requests`);
      const bytes = [...opening, ...reading].reduce((sum, request) => sum + request.bytes, 0);
      ok(bytes <= bound, `${bytes} bytes`);
    });
  });
}

async function readFarEnd(file: SafetensorsFile): Promise<void> {
  equal((await file.slice("@layers#99", [-1])).data, lastRow(99), "the last row");
  equal((await file.slice("@layers#98", [[ROWS - 1, ROWS]])).data, lastRow(98), "the last row of another");
}

async function readOne(file: SafetensorsFile): Promise<void> {
  const tensor = await file.tensor(bigName(BIG.tensors - 1));
  equal(tensor.byteLength, BIG.tensorBytes, "bytes");
  equal(tensor.data.subarray(0, BIG.columns), bigRow(BIG.tensors - 1), "the first row");
}
