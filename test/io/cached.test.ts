import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ByteSource, cached, cachedStore, trimCache } from "pytree2safetensors";
import { describe, expect, it, onTestFinished } from "vitest";
import { memoryStore } from "../../src/io/stores/memory.ts";
import type { Store } from "../../src/io/types.ts";
import { bundledOnce } from "../bundled-once.ts";
import { pattern } from "../runtimes/support.ts";
import { answer, serve } from "./server.ts";
import { failure, freshFolder } from "./support.ts";

const MIB = 2 ** 20;
const program = bundledOnce(new URL("cached-child.ts", import.meta.url));

/** A source that counts what is read of it. */
function counting(bytes: Uint8Array, version: string | undefined = '"v1"') {
  const read: [number, number][] = [];
  const source: ByteSource = {
    size: bytes.byteLength,
    version,
    async read(start, end) {
      read.push([start, end]);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return bytes.slice(start, end);
    },
  };
  return { source, read, fetched: () => read.reduce((sum, [start, end]) => sum + end - start, 0) };
}

/** `toEqual` looks at millions of bytes one by one. */
function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.byteLength).toBe(expected.byteLength);
  expect(Buffer.compare(actual, expected)).toBe(0);
}

describe("cached", () => {
  const bytes = pattern(3 * MIB + 77);

  it("reads what the source has, whatever the range", async () => {
    const { source } = counting(bytes);
    const reader = await cached(source, memoryStore(), { key: "a" });
    for (const [start, end] of [
      [0, 1],
      [MIB - 1, MIB + 1],
      [5, 3 * MIB + 77],
      [3 * MIB, 3 * MIB + 77],
    ] as const) {
      expectBytes(await reader.read(start, end), bytes.subarray(start, end));
      const into = new Uint8Array(end - start);
      expect(await reader.read(start, end, { into })).toBe(into);
      expectBytes(into, bytes.subarray(start, end));
    }
  });

  it("fetches each block once, however many ask for it, and not again the next time", async () => {
    const store = memoryStore();
    const first = counting(bytes);
    const reader = await cached(first.source, store, { key: "a" });
    await Promise.all(Array.from({ length: 20 }, (_, i) => reader.read(i, 2 * MIB + i)));
    expect(first.fetched()).toBe(3 * MIB);
    const second = counting(bytes);
    const again = await cached(second.source, store, { key: "a" });
    expectBytes(await again.read(0, bytes.length), bytes);
    expect(second.read).toEqual([[3 * MIB, bytes.length]]);
  });

  it("never serves a block of another version, size or name", async () => {
    const store = memoryStore();
    const other = pattern(bytes.length).reverse();
    await (await cached(counting(bytes).source, store, { key: "a" })).read(0, 10);
    for (const [source, key] of [
      [counting(other, '"v2"').source, "a"],
      [counting(other.subarray(1)).source, "a"],
      [counting(other).source, "b"],
    ] as const) {
      expect(await (await cached(source, store, { key })).read(0, 10)).toEqual(await source.read(0, 10));
    }
  });

  it("passes on a source that can't tell its version", async () => {
    const store = memoryStore();
    const { source } = counting(bytes, undefined);
    await (await cached(Object.assign(source, { version: undefined }), store, { key: "a" })).read(0, 10);
    for await (const { key } of store.list()) expect.unreachable(key);
  });

  it.each<[string, (path: string) => void]>([
    ["cut", (path) => truncateSync(path, 1000)],
    ["empty", (path) => truncateSync(path, 0)],
    ["longer", (path) => writeFileSync(path, new Uint8Array(1), { flag: "a" })],
    [
      "changed in one bit",
      (path) => {
        const file = readFileSync(path);
        file[500_000]! ^= 1;
        writeFileSync(path, file);
      },
    ],
  ])("fetches a block anew that is %s", async (_, damage) => {
    const folder = await freshFolder();
    await (await cached(counting(bytes).source, folder, { key: "a" })).read(0, 10);
    const [name] = readdirSync(folder);
    damage(join(folder, name!));
    const { source, fetched } = counting(bytes);
    expectBytes(await (await cached(source, folder, { key: "a" })).read(0, 10), bytes.subarray(0, 10));
    expect(fetched()).toBe(MIB);
    const repaired = counting(bytes);
    await (await cached(repaired.source, folder, { key: "a" })).read(0, 10);
    expect(repaired.fetched()).toBe(0);
  });

  it("goes on reading where the cache can't be written, or not be read", async () => {
    const broken: Store = {
      source: () => Promise.reject(new Error("no")),
      sink: () => Promise.reject(new Error("full")),
      list: memoryStore().list,
      remove: () => {},
    };
    const { source } = counting(bytes);
    expectBytes(await (await cached(source, broken, { key: "a" })).read(0, bytes.length), bytes);
  });

  it("passes on what the source fails with, and an abort at once", async () => {
    const source: ByteSource = { size: 10, version: '"v"', read: () => Promise.reject(new Error("gone")) };
    const reader = await cached(source, memoryStore(), { key: "a" });
    await expect(async () => reader.read(0, 10)).rejects.toThrow("gone");
    const never: ByteSource = { size: 10, version: '"v"', read: () => new Promise(() => {}) };
    const stuck = await cached(never, memoryStore(), { key: "a" });
    const reason = new Error("enough");
    await expect(async () => stuck.read(0, 10, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const reading = Promise.resolve(stuck.read(0, 10, { signal: controller.signal }));
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it("needs a name for a source that has no address", async () => {
    const error = await failure(() => cached(counting(bytes).source, memoryStore()));
    expect(error).toMatchObject({ code: "InvalidArgument" });
  });

  it("knows a URL's version by its strong ETag, or by a date that is a minute old", async () => {
    const old = new Date(Date.now() - 3_600_000).toUTCString();
    const now = new Date().toUTCString();
    for (const [headers, isKept] of [
      [{ etag: '"a"' }, true],
      [{ etag: 'W/"a"' }, false],
      [{ "last-modified": old }, true],
      [{ "last-modified": now }, false],
      [{}, false],
    ] as const) {
      const { url } = await serve((request, response) => answer(bytes, request, response, { headers }));
      const store = memoryStore();
      const source = await cached(url, store);
      await source.read(MIB, MIB + 10);
      const keys: string[] = [];
      for await (const { key } of store.list()) keys.push(key);
      expect(keys.length, JSON.stringify(headers)).toBe(isKept ? 1 : 0);
      expect(keys.join()).not.toContain("127.0.0.1");
    }
  });

  it("fetches at most 4 MiB again after a kill at any moment", async () => {
    const folder = await freshFolder();
    const large = pattern(24 * MIB);
    let sent = 0;
    const { url } = await serve((request, response) => {
      answer(large, request, response, {
        headers: { etag: '"a"' },
        body: (part, to) => {
          sent += part.byteLength;
          setTimeout(() => to.end(part), 5);
        },
      });
    });
    for (const wait of [0, 40, 80, 150]) {
      const child = await reader(url, folder);
      await new Promise<void>((resolve) => child.stdout!.once("data", () => resolve()));
      await new Promise((resolve) => setTimeout(resolve, wait));
      const before = sent;
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("close", resolve));
      expect(sent).toBeGreaterThanOrEqual(before);
    }
    const source = await cached(url, folder);
    expectBytes(await source.read(0, large.length), large);
    // Each opening reads the first 64 KiB to learn the size and the version.
    expect(sent).toBeLessThanOrEqual(large.length + 4 * (4 * MIB + 65_536) + 65_536);
  });

  it("is shared by processes that read and trim at once", async () => {
    const folder = await freshFolder();
    const large = pattern(8 * MIB);
    const { url } = await serve((request, response) => {
      answer(large, request, response, { headers: { etag: '"a"' } });
    });
    const children = await Promise.all(Array.from({ length: 3 }, () => reader(url, folder)));
    const codes = children.map((child) => new Promise((resolve) => child.once("close", resolve)));
    for (let i = 0; i < 5; i++) await trimCache(folder, i * MIB);
    expect(await Promise.all(codes)).toEqual([0, 0, 0]);
  });
});

/** Another process that reads the whole file through the cache and checks each byte; it says when it begins. */
async function reader(url: string, folder: string): Promise<ChildProcess> {
  const child = spawn("node", [await program(), url, folder], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

describe("cachedStore", () => {
  it("reads the files of a store through the cache, and writes past it", async () => {
    const bytes = pattern(2 * MIB);
    const read: string[] = [];
    const inner: Store = {
      ...memoryStore(),
      name: "far away",
      source: (key) => ({
        ...counting(bytes).source,
        read: (start, end) => {
          read.push(key);
          return bytes.slice(start, end);
        },
      }),
    };
    const cache = memoryStore();
    for (let round = 0; round < 2; round++) {
      const store = await cachedStore(inner, cache);
      expect(store.name).toBe("far away");
      for (const key of ["a", "b"]) {
        expectBytes(await (await store.source(key)).read(0, 10), bytes.subarray(0, 10));
      }
      const sink = await store.sink("c");
      await sink.write(bytes);
      await sink.close();
    }
    expect(read).toEqual(["a", "b"]);
  });
});

describe("trimCache", () => {
  it("removes the oldest blocks until the rest is small enough, and no other file", async () => {
    const folder = await freshFolder();
    const bytes = pattern(3 * MIB);
    const source = await cached(counting(bytes).source, folder, { key: "a" });
    for (let i = 0; i < 3; i++) {
      await source.read(i * MIB, i * MIB + 1);
      const name = readdirSync(folder).find((file) => file.endsWith(`-${i}.block`))!;
      utimesSync(join(folder, name), 1000 + i, 1000 + i);
    }
    writeFileSync(join(folder, "mine.block"), bytes);
    await trimCache(folder, 2 * MIB + 64);
    expect(
      readdirSync(folder)
        .map((name) => name.replace(/^.{32}-/, ""))
        .sort(),
    ).toEqual(["1.block", "2.block", "mine.block"]);
    await trimCache(folder, 0);
    expect(readdirSync(folder)).toEqual(["mine.block"]);
    expect(statSync(join(folder, "mine.block")).size).toBe(3 * MIB);
  });
});
