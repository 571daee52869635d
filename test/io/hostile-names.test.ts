import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSink, openSinkIn } from "../../src/io/open-sink.ts";
import { openSource, openSourceIn } from "../../src/io/open-source.ts";
import { openStore } from "../../src/io/open-store.ts";
import "../../src/io/platform.node.ts";
import { memoryStore } from "../../src/io/stores/memory.ts";
import type { ByteSource } from "../../src/io/types.ts";
import { serve } from "./server.ts";
import { failure, freshFolder } from "./support.ts";

// A name that clears the screen, rings, sets the window's title, and runs from right to left.
const EVIL = "\u001b[2J\u0007\u009b31m\u202e\u200b\u2028";
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/;

const broken = (name: string): ByteSource => ({ name, size: 100, read: () => new Uint8Array(3) });
const hook = (message: string) => ({
  size: 10,
  slice: () => ({ arrayBuffer: () => Promise.reject(new Error(message)) }),
});

const FAILURES: Readonly<Record<string, (folder: string) => unknown>> = {
  "a path that isn't there": (folder) => openSource(join(folder, EVIL)),
  "a folder that isn't there": (folder) => openSource(join(folder, EVIL, "file")),
  "a folder in place of a file": async (folder) => {
    await mkdir(join(folder, EVIL));
    await openSource(join(folder, EVIL));
  },
  "a folder in place of a file to write": async (folder) => {
    await mkdir(join(folder, EVIL));
    await openSink(join(folder, EVIL));
  },
  "a file in place of a folder": async (folder) => {
    await writeFile(join(folder, EVIL), "");
    await openStore(join(folder, EVIL));
  },
  "a path to write in no folder": (folder) => openSink(join(folder, EVIL, "file")),
  "a key that is none": () => openSourceIn(memoryStore(), `../${EVIL}`),
  "a key that isn't there": () => openSourceIn(memoryStore(), "\u202e\u200b"),
  "a key of a folder that isn't there": async (folder) =>
    openSourceIn(await openStore(folder), "\u202e\u009b"),
  "a sink that is used after its end": async () => {
    const sink = await openSinkIn({ ...memoryStore(), name: EVIL }, "a");
    await sink.close();
    await sink.write(new Uint8Array(1));
  },
  "a sink with too few bytes": async () => {
    const sink = await openSinkIn({ ...memoryStore(), name: EVIL }, "a");
    await sink.begin(5);
    await sink.close();
  },
  "a store in place of a file": () => openSource({ ...memoryStore(), name: EVIL }),
  "a store in place of a sink": () => openSink({ ...memoryStore(), name: EVIL } as never),
  "a source that gives too little": async () => (await openSource(broken(EVIL))).source.read(0, 10),
  "a range that is none": async () => (await openSource(broken(EVIL))).source.read(9, 3),
  "a range past the end": async () => (await openSource(broken(EVIL))).source.read(9, 300),
  "a closed source": async () => {
    const { source, close } = await openSource(broken(EVIL));
    await close();
    await source.read(0, 1);
  },
  "a size that is none": () => openSource({ ...broken(EVIL), size: -1 }),
  "a blob that fails": async () => (await openSource(hook(EVIL))).source.read(0, 10),
  "a stream that fails": async () => {
    const { sink } = await openSink(
      new WritableStream({
        write() {
          throw new Error(EVIL);
        },
      }),
    );
    await sink.write(new Uint8Array(5));
    await sink.close();
  },
  "a scheme that is unknown": () => openSource(`evil://${EVIL}`),
  "a URL that is none": () => openSource(`http://${EVIL}`),
  "a URL to write to": () => openSink(`https://host/${EVIL}`),
  "a connection that fails": () =>
    openSource("http://host/x", { fetch: () => Promise.reject(new Error(EVIL)), retries: 0 }),
  "an answer that refuses": async () => {
    const fetch = async () => new Response(EVIL, { status: 404, headers: { "content-type": "text/plain" } });
    await openSource("http://host/x", { fetch });
  },
  "an object with a hostile class": () => openSource(new { [EVIL]: class {} }[EVIL]!() as never),
};

describe("what a name says to a terminal", () => {
  it.each(Object.entries(FAILURES))("is spelled out in the error of %s", async (_, fail) => {
    const { message } = await failure(async () => fail(await freshFolder()));
    expect(message).not.toMatch(UNSAFE);
    expect(message.length).toBeLessThan(600);
  });

  it("is spelled out in what headers say", async () => {
    const odd = "bytes\u00a0\u009b-\u0085";
    const server = await serve((_, response) =>
      response.writeHead(206, { "content-range": Buffer.from(odd, "latin1").toString("latin1") }).end("x"),
    );
    const { message } = await failure(() => openSource(server.url, { retries: 0 }));
    expect(message).toContain("Content-Range");
    expect(message).not.toMatch(UNSAFE);
  });
});
