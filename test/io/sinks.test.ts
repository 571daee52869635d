import { createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { openSink, type SinkInput } from "../../src/io/open-sink.ts";
import { openStore, openWritableStore, type StoreInput } from "../../src/io/open-store.ts";
import "../../src/io/platform.node.ts";
import type { ByteSink } from "../../src/io/types.ts";
import { bytesSink } from "./bytes-sink.ts";
import { failure, freshFolder, pattern } from "./support.ts";

const BYTES = pattern(3_000_000);

async function write(sink: ByteSink): Promise<void> {
  await sink.begin?.(BYTES.length);
  for (let at = 0, length = 1; at < BYTES.length; at += length, length *= 5) {
    await sink.write(BYTES.subarray(at, at + length));
  }
  await sink.close();
}

describe("a WritableStream", () => {
  it("gets all bytes in order and is closed", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const received = new Response(readable).arrayBuffer();
    await write((await openSink(writable)).sink);
    expect(Buffer.compare(new Uint8Array(await received), BYTES)).toBe(0);
  });

  it("never gets the caller's own memory, so it may keep or detach what it gets", async () => {
    const chunks: Uint8Array[] = [];
    const { sink } = await openSink(
      new WritableStream({
        write(chunk) {
          chunks.push(structuredClone(chunk, { transfer: [chunk.buffer] }));
        },
      }),
    );
    const weights = BYTES.slice();
    await sink.write(weights);
    weights.fill(0);
    await sink.close();
    expect(weights.byteLength).toBe(BYTES.length);
    expect(Buffer.compare(Buffer.concat(chunks), BYTES)).toBe(0);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(2 ** 20);
  });

  it("is waited for: no chunk is made before the one before was taken", async () => {
    let under = 0;
    let most = 0;
    const slow = new WritableStream({
      async write() {
        most = Math.max(most, ++under);
        await new Promise((resolve) => setTimeout(resolve, 2));
        under--;
      },
    });
    await write((await openSink(slow)).sink);
    expect(most).toBe(1);
  });

  it("is aborted with the reason, also while it takes nothing", async () => {
    const reasons: unknown[] = [];
    const stuck = new WritableStream({
      write: () => new Promise<void>(() => {}),
      abort: (reason) => void reasons.push(reason),
    });
    const controller = new AbortController();
    const { sink } = await openSink(stuck, { signal: controller.signal });
    const writing = sink.write(BYTES);
    controller.abort("enough");
    await expect(writing).rejects.toBe("enough");
    await sink.abort("enough");
    const other = await openSink(new WritableStream({ abort: (reason) => void reasons.push(reason) }));
    await other.sink.abort("reason");
    expect(reasons).toContain("reason");
  });

  it("is an error when it fails or is locked", async () => {
    const broken = new WritableStream({
      write() {
        throw new Error("the pipe burst");
      },
    });
    const { sink } = await openSink(broken);
    const error = await failure(() => sink.write(BYTES));
    expect(error).toMatchObject({ code: "WriteError" });
    expect(error.message).toContain("the pipe burst");
    await sink.abort(error);
    const { writable } = new TransformStream();
    writable.getWriter();
    expect((await failure(() => openSink(writable))).code).toBe("UnsupportedSink");
  });
});

describe("a ByteSink of your own", () => {
  function recorder() {
    const calls: string[] = [];
    const sink: ByteSink = {
      begin: (totalBytes) => void calls.push(`begin ${totalBytes}`),
      write: (chunk) => void calls.push(`write ${chunk.length}`),
      close: () => void calls.push("close"),
      abort: (reason) => void calls.push(`abort ${reason}`),
    };
    return { calls, sink };
  }

  it("gets the very calls", async () => {
    const { calls, sink: own } = recorder();
    const { sink } = await openSink(own);
    await sink.begin(3);
    await sink.write(BYTES.subarray(0, 2));
    await sink.write(BYTES.subarray(2, 3));
    await sink.close();
    await sink.abort("too late");
    expect(calls).toEqual(["begin 3", "write 2", "write 1", "close"]);
  });

  it("is aborted once, and by a wrong total", async () => {
    const { calls, sink: own } = recorder();
    const { sink } = await openSink(own);
    await sink.begin(3);
    await sink.write(BYTES.subarray(0, 2));
    const error = await failure(() => sink.close());
    expect(error).toMatchObject({ code: "WriteError", expected: "3 bytes", found: "2 bytes" });
    await sink.abort(error);
    expect(calls.filter((call) => call.startsWith("abort"))).toHaveLength(1);
    expect((await failure(() => sink.write(BYTES))).code).toBe("WriteError");
  });

  it("needs no begin and no abort, and its abort never hides the reason", async () => {
    await write((await openSink({ write() {}, close() {} })).sink);
    const { sink } = await openSink({
      write() {},
      close() {},
      abort() {
        throw new Error("abort failed");
      },
    });
    await sink.abort("reason");
  });

  it("is not waited for once the signal is aborted", async () => {
    const controller = new AbortController();
    const { sink } = await openSink(
      { write: () => new Promise<void>(() => {}), close() {} },
      { signal: controller.signal },
    );
    const writing = sink.write(BYTES);
    controller.abort("enough");
    await expect(writing).rejects.toBe("enough");
  });
});

describe("a sink into memory", () => {
  it("collects bytes in one array", async () => {
    const sink = bytesSink();
    await write(sink);
    expect(Buffer.compare(sink.bytes(), BYTES)).toBe(0);
    expect(sink.bytes().buffer.byteLength).toBe(BYTES.length);
  });
});

describe("what is no sink", () => {
  it.each([
    ["null", null],
    ["bytes", new Uint8Array(5)],
    ["a Blob", new Blob()],
    ["a http: URL", "http://host/file"],
    ["a data: URL", "data:,x"],
    ["a blob: URL", "blob:http://host/0"],
  ])("is refused: %s", async (_, output) => {
    expect((await failure(() => openSink(output as SinkInput))).code).toBe("UnsupportedSink");
  });

  it("is refused: a stream of Node, whose write and close wait for nothing, with the way out", async () => {
    const path = join(await freshFolder(), "file");
    const stream = createWriteStream(path);
    const error = await failure(() => openSink(stream as never));
    expect(error).toMatchObject({
      code: "UnsupportedSink",
      message: expect.stringContaining("Writable.toWeb"),
    });
    await write((await openSink(Writable.toWeb(stream))).sink);
    expect(Buffer.compare(await readFile(path), BYTES)).toBe(0);
  });

  it.each([
    ["a WritableStream", new WritableStream()],
    ["a ByteSink", bytesSink()],
    ["a URL", "https://host/folder/"],
    ["null", null],
    ["a data: URL", "data:,x"],
  ])("is refused as a folder: %s", async (_, folder) => {
    const error = await failure(() => openWritableStore(folder as StoreInput));
    expect(error.code).toBe("UnsupportedSink");
  });

  it("is refused as a folder: a path that is a file", async () => {
    const path = join(await freshFolder(), "file");
    await writeFile(path, BYTES);
    const error = await failure(() => openStore(path));
    expect(error).toMatchObject({
      code: "WriteError",
      message: expect.stringMatching(/a file has that name; pass the path of a folder$/),
    });
  });
});
