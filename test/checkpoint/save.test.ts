import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { load, loadFile, save, saveFile, serialize, setWeights } from "../../src/index.node.ts";
import { ownFolder, w } from "./files.ts";

const at = ownFolder();

describe("load", () => {
  it("points to loadFile for what is no bytes", () => {
    for (const wrong of ["path.safetensors", undefined, new Blob([])]) {
      expect(() => load(wrong as unknown as ArrayBuffer)).toThrowError(
        expect.objectContaining({ code: "UnsupportedSource", message: expect.stringContaining("loadFile") }),
      );
    }
  });
});

describe("save and saveFile", () => {
  it("write the same bytes", async () => {
    const dict = { b: w(), a: new Int8Array([1]), "": 5n, c: true };
    await saveFile(dict, at("flat.safetensors"), { metadata: { a: "b" } });
    expect((await readFile(at("flat.safetensors"))).equals(save(dict, { metadata: { a: "b" } }))).toBe(true);
    expect(Object.keys(load(save(dict)))).toEqual(["", "b", "a", "c"]);
  });

  it.each([
    ["a plain object", { weight: w() }],
    ["an array", [w(), w()]],
  ])("point to pytree2dict for %s in a dict, as setWeights does", async (found, value) => {
    const dict = { layer: value } as never;
    const expected = {
      code: "UnsupportedLeaf",
      tensor: "layer",
      found,
      message: expect.stringContaining(`"layer" is ${found}, which no tensor can hold; a dict is flat: `),
    };
    const calls = [
      () => save(dict),
      () => saveFile(dict, at("nested")),
      () => setWeights({ layer: 1 }, dict),
    ];
    for (const call of calls) {
      await expect((async () => call())()).rejects.toMatchObject(expected);
    }
  });

  it("refuse arrays whose bytes are not what dtype and shape say, and leave the old file", async () => {
    const path = at("kept.safetensors");
    await saveFile({ a: w() }, path);
    const arrays = {
      name: "liar",
      is: (value: unknown): value is { lie: true } => (value as { lie?: unknown })?.lie === true,
      describe: () => ({ dtype: "F32" as const, shape: [4] }),
      read: () => new Uint8Array(3),
      make: () => ({ lie: true as const }),
    };
    await expect(saveFile({ a: { lie: true as const } }, path, { arrays })).rejects.toMatchObject({
      code: "InvalidTensorView",
      tensor: "a",
    });
    expect((await loadFile(path)).a?.equals(w())).toBe(true);
    expect((await readdir(at("."))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(() => save({ a: { lie: true as const } }, { arrays })).toThrowError(/no readSync.*saveFile/s);
  });

  it("report progress that never falls and ends at the total", async () => {
    const seen: number[] = [];
    let total = 0;
    const onProgress = (progress: { loaded: number; total: number }) => {
      seen.push(progress.loaded);
      total = progress.total;
    };
    const dict = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`t${i}`, new Float32Array(100)]));
    await saveFile(dict, at("progress.safetensors"), { onProgress });
    expect(total).toBe((await readFile(at("progress.safetensors"))).byteLength);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
    expect(seen.length).toBeLessThan(400);
    seen.length = 0;
    await loadFile(at("progress.safetensors"), { onProgress });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(2000 * 400);
  });

  it("abort at once where an adapter never answers", async () => {
    const arrays = {
      name: "stuck",
      is: (value: unknown): value is Date => value instanceof Date,
      describe: () => ({ dtype: "F32" as const, shape: [1] }),
      read: () => new Promise<Uint8Array>(() => {}),
      make: () => new Promise<Date>(() => {}),
    };
    const aborted = () => AbortSignal.timeout(20);
    await expect(
      saveFile({ a: new Date() }, at("stuck"), { arrays, signal: aborted() }),
    ).rejects.toMatchObject({ name: "TimeoutError" });
    await expect(loadFile(save({ a: w() }), { arrays, signal: aborted() })).rejects.toMatchObject({
      name: "TimeoutError",
    });
    expect(await readdir(at("."))).not.toContain("stuck");
  });

  it("abort with the signal's reason and leave the old file", async () => {
    const path = at("aborted.safetensors");
    await saveFile({ a: w() }, path);
    const controller = new AbortController();
    const reason = new Error("enough");
    const dict = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`t${i}`, new Float32Array(100_000)]),
    );
    const saving = saveFile(dict, path, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(saving).rejects.toBe(reason);
    expect(Object.keys(await loadFile(path))).toEqual(["a"]);
    expect((await readdir(at("."))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("serialize", () => {
  it("gives the bytes as a stream and as a blob, with their number", async () => {
    const file = await serialize({ a: w(), s: "x" });
    const chunks = [];
    for await (const chunk of file.stream() as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const streamed = Buffer.concat(chunks);
    expect(streamed.byteLength).toBe(file.byteLength);
    const blob = await file.blob();
    expect(blob.type).toBe("application/octet-stream");
    expect(streamed.equals(Buffer.from(await blob.arrayBuffer()))).toBe(true);
  });

  it("tells the reader of a signal that is aborted already", async () => {
    const controller = new AbortController();
    const file = await serialize({ a: w() }, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(file.blob()).rejects.toThrow();
  });

  it("passes the fault of a leaf on to the reader", async () => {
    const arrays = {
      name: "broken",
      is: (value: unknown): value is Date => value instanceof Date,
      describe: () => ({ dtype: "F32" as const, shape: [1] }),
      read: () => Promise.reject(new Error("device lost")),
      make: () => new Date(),
    };
    const file = await serialize([new Date()], { arrays });
    await expect(new Response(file.stream()).arrayBuffer()).rejects.toThrow();
  });
});
