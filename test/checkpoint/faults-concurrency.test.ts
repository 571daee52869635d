import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  isPytree2SafetensorsError,
  loadFile,
  loadPytree,
  openSafetensors,
  type SafetensorsFile,
  save,
  savePytree,
  Tensor,
} from "pytree2safetensors";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { answer, serve } from "../io/server.ts";
import { freshFolder, openFilesIn } from "../io/support.ts";

const COUNT = 40;
const LENGTH = 5_000;

const unhandled: unknown[] = [];
const listener = (reason: unknown) => unhandled.push(reason);
beforeAll(() => void process.on("unhandledRejection", listener));
afterAll(async () => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.off("unhandledRejection", listener);
  expect(unhandled).toEqual([]);
});

/** A tree whose values tell their places. */
function tree() {
  const leaf = (i: number) =>
    new Tensor(
      "F32",
      [LENGTH],
      Float32Array.from({ length: LENGTH }, (_, k) => i + k),
    );
  return { layers: Array.from({ length: COUNT }, (_, i) => ({ w: leaf(i) })) };
}

const nameOf = (i: number) => `@layers#${i}@w`;

function isRight(tensor: Tensor, i: number): boolean {
  return tensor.data.length === LENGTH && (tensor.data as Float32Array).every((value, k) => value === i + k);
}

/** A file on the disk, its shards, and the file on a server. */
async function places(): Promise<Record<string, { place: string; folder: string; open: () => number }>> {
  const folder = await freshFolder();
  const path = join(folder, "model.safetensors");
  await savePytree(tree(), path);
  const shards = join(folder, "shards");
  await savePytree(tree(), shards, { maxShardSize: 150_000 });
  const bytes = await readFile(path);
  const server = await serve((request, response) =>
    answer(bytes, request, response, {
      headers: { etag: '"1"' },
      body: (part, to) => void setTimeout(() => to.end(part), 5),
    }),
  );
  const onDisk = () => openFilesIn(folder).length;
  return {
    path: { place: path, folder, open: onDisk },
    shards: { place: join(shards, "model.safetensors.index.json"), folder, open: onDisk },
    URL: { place: server.url, folder, open: server.open },
  };
}

describe.each(["path", "shards", "URL"])("one open file, read by many at once (%s)", (kind) => {
  async function opened(): Promise<{ file: SafetensorsFile; open: () => number }> {
    const { place, open } = (await places())[kind]!;
    const file = await openSafetensors(place);
    onTestFinished(() => file.close());
    return { file, open };
  }

  it("gives each its own", async () => {
    const { file, open } = await opened();
    const jobs = Array.from({ length: 120 }, async (_, job) => {
      const i = (job * 7) % COUNT;
      switch (job % 4) {
        case 0:
          return isRight(await file.tensor(nameOf(i)), i);
        case 1: {
          const part = await file.slice(nameOf(i), [[10, 20]]);
          return part.data.length === 10 && part.data[0] === i + 10;
        }
        case 2: {
          const dict = await loadFile(file, { select: nameOf(i) });
          return Object.keys(dict).length === 1 && isRight(dict[nameOf(i)]!, i);
        }
        default: {
          const { layers } = await loadPytree<{ layers: { w: Tensor }[] }>(file);
          return layers.length === COUNT && layers.every(({ w }, k) => isRight(w, k));
        }
      }
    });
    expect((await Promise.all(jobs)).every(Boolean)).toBe(true);
    await file.close();
    await expect.poll(open).toBe(0);
  });

  it("lets each be aborted, and the others go on", async () => {
    const { file, open } = await opened();
    const jobs = Array.from({ length: 60 }, async (_, job) => {
      const controller = new AbortController();
      const reason = new Error(`abort ${job}`);
      const isAborted = job % 2 === 0;
      if (isAborted) setTimeout(() => controller.abort(reason), job % 9);
      try {
        const dict = await loadFile(file, { signal: controller.signal });
        return Object.keys(dict).length === COUNT && isRight(dict[nameOf(job % COUNT)]!, job % COUNT);
      } catch (error) {
        return isAborted && error === reason;
      }
    });
    expect((await Promise.all(jobs)).every(Boolean)).toBe(true);
    await file.close();
    await expect.poll(open).toBe(0);
  });

  it("finishes what is being read, or says that it is closed, when it is closed in the middle", async () => {
    for (const delay of [0, 1, 3, 10]) {
      const { file, open } = await opened();
      const reading = Array.from({ length: COUNT }, (_, i) => file.tensor(nameOf(i)));
      const results = Promise.allSettled(reading);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await Promise.all([file.close(), file.close()]);
      for (const [i, result] of (await results).entries()) {
        if (result.status === "fulfilled") expect(isRight(result.value, i)).toBe(true);
        else expect(isPytree2SafetensorsError(result.reason) && result.reason.code).toBe("SourceClosed");
      }
      await expect(file.tensor(nameOf(0))).rejects.toMatchObject({ code: "SourceClosed" });
      await expect.poll(open).toBe(0);
    }
  });

  it("lets go of everything when a loop over its tensors is left", async () => {
    const { file, open } = await opened();
    const loops = Array.from({ length: 10 }, async (_, stop) => {
      let seen = 0;
      for await (const [name, tensor] of file.tensors()) {
        expect(isRight(tensor, file.names.indexOf(name) >= 0 ? Number(/\d+/.exec(name)) : -1)).toBe(true);
        if (seen++ === stop) break;
      }
      return seen;
    });
    expect(await Promise.all(loops)).toEqual(loops.map((_, stop) => stop + 1));
    await file.close();
    await expect.poll(open).toBe(0);
  });
});

it("many loads share one signal without a warning of Node's", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const { signal } = new AbortController();
  const bytes = save({ w: new Float32Array(LENGTH) });
  await Promise.all(Array.from({ length: 20 }, () => loadFile(new Blob([bytes]), { signal })));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(warnings).toEqual([]);
});
