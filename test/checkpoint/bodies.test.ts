import { gzipSync } from "node:zlib";
import { loadFile, loadPytree, Tensor } from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { bodyBound } from "../../src/checkpoint/body-bound.ts";
import { save } from "../../src/index.node.ts";
import { type Handler, serve } from "../io/server.ts";

const FILE = save({ w: Tensor.from([1, 2, 3]), b: new Tensor("F32", [1000], new Float32Array(1000)) });

/** Answers whole, with no word of the length, and goes on for as long as somebody reads. */
function endless(beginning: Uint8Array, tail: number): { handler: Handler; sent: () => number } {
  let sent = 0;
  const more = new Uint8Array(100_000).fill(tail);
  const handler: Handler = (_, response) => {
    response.writeHead(200);
    response.write(beginning);
    const flood = () => {
      while (!response.destroyed) {
        sent += more.length;
        if (!response.write(more)) return void response.once("drain", flood);
      }
    };
    flood();
  };
  return { handler, sent: () => sent };
}

describe("a download without an end", () => {
  it.each([
    ["after a whole file", FILE, 0],
    ["in its header", Buffer.from('\u0010\u0000\u0000\u0000\u0000\u0000\u0000\u0000{"a":'), 0x20],
    ["of nothing but zeros", new Uint8Array(8), 0],
    ["of text", Buffer.from("<!doctype html><p>"), 0x61],
    ["that announces a header beyond the limit", new Uint8Array(8).fill(9), 0],
  ])("ends in an error, soon: %s", async (_, beginning, tail) => {
    for (const open of [
      (url: string) => loadFile(url, { retries: 0 }),
      async (url: string) => loadPytree(await fetch(url)),
    ]) {
      const { handler, sent } = endless(beginning, tail);
      const server = await serve(handler);
      await expect(open(server.url)).rejects.toMatchObject({ name: "Pytree2SafetensorsError" });
      await expect.poll(server.open).toBe(0);
      // What is under way when the reader hangs up.
      expect(sent()).toBeLessThan(40_000_000);
    }
  });
});

it("an index is read as far as an index may go", () => {
  expect(bodyBound(Buffer.from('{"weight_map"'))).toBe(256 * 2 ** 20);
});

describe("a compressed download", () => {
  it("is loaded as it is", async () => {
    const server = await serve(
      (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(FILE)),
    );
    expect((await loadFile(server.url)).w!.toArray()).toEqual([1, 2, 3]);
    expect((await loadFile(await fetch(server.url))).w!.toArray()).toEqual([1, 2, 3]);
  });

  it("is not unpacked beyond what its header says", async () => {
    const bomb = gzipSync(Buffer.concat([FILE, Buffer.alloc(200_000_000)]));
    const server = await serve(
      (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
    );
    const before = process.memoryUsage().arrayBuffers;
    await expect(loadFile(server.url, { retries: 0 })).rejects.toMatchObject({
      code: "HttpError",
      message: expect.stringContaining(`received more than the expected ${FILE.length}`),
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });

  it("may have one tensor that is as large as its header says", async () => {
    const large = save({ zeros: new Tensor("U8", [20_000_000], new Uint8Array(20_000_000)) });
    const server = await serve(
      (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(large)),
    );
    expect((await loadFile(server.url)).zeros!.shape).toEqual([20_000_000]);
  });
});
