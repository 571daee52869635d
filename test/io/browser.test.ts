import { describe, expect, it } from "vitest";
import { openSink } from "../../src/io/open-sink.ts";
import { openPlace, openSource } from "../../src/io/open-source.ts";
import { openStore } from "../../src/io/open-store.ts";
import { keys, storeTests } from "./store-tests.ts";
import { failure, pattern } from "./support.ts";

// What browsers have, by objects of the same shape; the real thing is driven by the browser suite.
// This file doesn't import platform.node.ts, so that it runs as in a browser: without a file system.

const BYTES = pattern(3_000_000);

/** A browser's folder in memory, which swaps a file when what was written is closed. */
class Folder {
  readonly kind = "directory";
  readonly name = "folder";
  readonly files = new Map<string, File>();
  readonly folders = new Map<string, Folder>();
  async getFileHandle(name: string, { create = false } = {}) {
    if (!this.files.has(name)) {
      if (!create) throw new DOMException("no such entry", "NotFoundError");
      this.files.set(name, new File([], name, { lastModified: 1 }));
    }
    return new FileHandle(this, name);
  }
  async removeEntry(name: string) {
    if (!this.files.delete(name) && !this.folders.delete(name))
      throw new DOMException("no such entry", "NotFoundError");
  }
  async getDirectoryHandle(name: string, { create = false } = {}): Promise<Folder> {
    const found = this.folders.get(name);
    if (found !== undefined) return found;
    if (!create) throw new DOMException("no such entry", "NotFoundError");
    const folder = new Folder();
    this.folders.set(name, folder);
    return folder;
  }
  async *values() {
    for (const name of this.files.keys()) yield { kind: "file", name };
    for (const name of this.folders.keys()) yield { kind: "directory", name };
  }
}

class FileHandle {
  readonly kind = "file";
  readonly folder: Folder;
  readonly name: string;
  quota = Number.POSITIVE_INFINITY;
  constructor(folder: Folder, name: string) {
    this.folder = folder;
    this.name = name;
  }
  async getFile() {
    return this.folder.files.get(this.name)!;
  }
  async createWritable() {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    return {
      write: async (data: Uint8Array<ArrayBuffer>) => {
        this.quota -= data.byteLength;
        if (this.quota < 0) throw new DOMException("no room", "QuotaExceededError");
        parts.push(data.slice());
      },
      close: async () => {
        this.folder.files.set(this.name, new File(parts, this.name, { lastModified: 2 }));
      },
      abort: async () => {},
    };
  }
}

/** A worker's synchronous handle in memory; it takes and gives little at a time. */
class SyncHandle {
  memory = new Uint8Array(0);
  flushed = 0;
  getSize() {
    return this.memory.length;
  }
  read(into: Uint8Array, { at = 0 } = {}) {
    const part = this.memory.subarray(at, at + Math.min(into.length, 700_001));
    into.set(part);
    return part.length;
  }
  write(from: Uint8Array, { at = 0 } = {}) {
    const part = from.subarray(0, 700_001);
    const grown = new Uint8Array(Math.max(this.memory.length, at + part.length));
    grown.set(this.memory);
    grown.set(part, at);
    this.memory = grown;
    return part.length;
  }
  truncate(size: number) {
    this.memory = this.memory.slice(0, size);
  }
  flush() {
    this.flushed++;
  }
}

async function write(output: Parameters<typeof openSink>[0], bytes = BYTES): Promise<void> {
  const { sink } = await openSink(output);
  await sink.begin(bytes.length);
  for (let at = 0; at < bytes.length; at += 1_300_000) await sink.write(bytes.subarray(at, at + 1_300_000));
  await sink.close();
}

describe("an OPFS file", () => {
  it("is written, swapped in when closed, and read back", async () => {
    const folder = new Folder();
    const handle = await folder.getFileHandle("file", { create: true });
    await write(handle);
    const { source, close } = await openSource(handle);
    expect(Buffer.compare(await source.read(7, 2_999_999), BYTES.subarray(7, 2_999_999))).toBe(0);
    await close();
  });

  it("stays as it was when the writing is aborted", async () => {
    const folder = new Folder();
    const handle = await folder.getFileHandle("file", { create: true });
    await write(handle, BYTES.subarray(0, 10));
    const { sink } = await openSink(handle);
    await sink.write(BYTES);
    await sink.abort();
    expect((await handle.getFile()).size).toBe(10);
  });

  it("says that the storage is full, and what to do where nothing can be written", async () => {
    const handle = new FileHandle(new Folder(), "file");
    handle.quota = 5;
    const { sink } = await openSink(handle);
    const error = await failure(() => sink.write(BYTES));
    expect(error).toMatchObject({ code: "WriteError", source: "file" });
    expect(error.message).toContain("free some space");
    const old = { kind: "file", name: "file", getFile: async () => new File([], "file") } as const;
    expect((await failure(() => openSink(old))).message).toContain("createSyncAccessHandle");
  });

  it("is read on when the browser let go of it, unless it has changed", async () => {
    const stale = (file: File) => ({
      size: file.size,
      lastModified: file.lastModified,
      slice: () => ({
        arrayBuffer: () => Promise.reject(new DOMException("stale", "NotReadableError")),
      }),
    });
    const file = (lastModified: number) => new File([BYTES], "file", { lastModified });
    const files = [stale(file(1)), file(1), stale(file(1)), file(2)];
    const handle = { kind: "file", name: "file", getFile: async () => files.shift()! } as const;
    const same = await openSource(handle);
    expect(await same.source.read(0, 5)).toEqual(BYTES.subarray(0, 5));
    const changed = await openSource(handle);
    expect((await failure(() => changed.source.read(0, 5))).code).toBe("SourceChanged");
  });
});

describe("a synchronous access handle", () => {
  it("is written in place, flushed, and read back, whatever it takes at a time", async () => {
    const handle = new SyncHandle();
    handle.memory = new Uint8Array(5_000_000);
    await write(handle);
    expect(Buffer.compare(handle.memory, BYTES)).toBe(0);
    expect(handle.flushed).toBe(1);
    const { source } = await openSource(handle);
    expect(Buffer.compare(await source.read(7, 2_999_999), BYTES.subarray(7, 2_999_999))).toBe(0);
    handle.truncate(100);
    expect((await failure(() => source.read(0, 200))).code).toBe("ShortRead");
  });

  it("is emptied when the writing is aborted", async () => {
    const handle = new SyncHandle();
    const { sink } = await openSink(handle);
    await sink.write(BYTES);
    await sink.abort();
    expect(handle.getSize()).toBe(0);
  });
});

describe("an OPFS directory", () => {
  storeTests(async () => openStore(new Folder()));

  it("is for reading where it was opened as a source", async () => {
    const opened = await openPlace(new Folder());
    expect(opened).toHaveProperty("list");
    expect(opened).not.toHaveProperty("sink");
  });

  it("takes a file that its writer left empty for one that isn't there", async () => {
    const folder = new Folder();
    await folder.getFileHandle("left", { create: true });
    const store = await openStore(folder);
    expect(await keys(store)).toEqual([]);
    for await (const entry of store.pending!()) expect(entry).toEqual({ key: "left", size: 0, modified: 1 });
    expect(await failure(() => store.source("left"))).toMatchObject({ code: "IoError" });
  });

  it("clears what a browser wrote beside files whose writers died, and never lists it", async () => {
    const folder = new Folder();
    const fill = async (into: Folder, name: string) =>
      write(await into.getFileHandle(name, { create: true }), BYTES.subarray(0, 10));
    for (const name of ["run-1", "run-2.crswap", "run-2.3.crswap", "foreign.crswap"])
      await fill(folder, name);
    const deep = await folder.getDirectoryHandle("run-3", { create: true });
    await deep.getFileHandle("file.crswap", { create: true });
    const store = await openStore(folder);
    expect(await keys(store)).toEqual(["run-1"]);
    for await (const { key } of store.pending!()) expect.fail(`${key} is pending`);
    await store.sweep!("run-", (key) => key.startsWith("run-"));
    expect([...folder.files.keys(), ...folder.folders.keys()]).toEqual(["run-1", "foreign.crswap"]);
  });
});

describe("without a file system", () => {
  it("says of paths and file handles that there is none", async () => {
    for (const path of ["model.safetensors", "/tmp/model", new URL("file:///tmp/model")]) {
      expect((await failure(() => openSource(path))).code).toBe("UnsupportedSource");
      expect((await failure(() => openSink(path))).code).toBe("UnsupportedSink");
      expect((await failure(() => openStore(path))).code).toBe("UnsupportedSink");
    }
  });

  it("takes a path relative to the page for a URL", async () => {
    const asked: string[] = [];
    const options = {
      fetch: async (url: string) => {
        asked.push(url);
        return new Response("hello");
      },
    };
    Object.defineProperty(globalThis, "location", {
      value: { href: "https://host/app/index.html" },
      configurable: true,
    });
    try {
      const { source } = await openSource("weights/model.safetensors", options);
      expect(source.size).toBe(5);
      expect(asked).toEqual(["https://host/app/weights/model.safetensors"]);
    } finally {
      Reflect.deleteProperty(globalThis, "location");
    }
  });
});
