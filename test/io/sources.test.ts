import { execFile } from "node:child_process";
import { mkdir, open, rename, truncate, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { FileHandleLike } from "../../src/io/duck-types.ts";
import { openSource, openSourceIn, type SourceInput } from "../../src/io/open-source.ts";
import "../../src/io/platform.node.ts";
import type { ByteSource } from "../../src/io/types.ts";
import { failure, freshFolder, openFilesIn, pattern } from "./support.ts";

const BYTES = pattern(100_000);

const KINDS: Record<string, (folder: string) => Promise<SourceInput>> = {
  path: async (folder) => join(folder, "file"),
  "file: URL": async (folder) => pathToFileURL(join(folder, "file")),
  "file: URL as text": async (folder) => pathToFileURL(join(folder, "file")).href,
  ArrayBuffer: async () => BYTES.slice().buffer,
  "view with an offset": async () => {
    const padded = new Uint8Array(BYTES.length + 7);
    padded.set(BYTES, 7);
    return padded.subarray(7);
  },
  DataView: async () => new DataView(BYTES.slice().buffer),
  "Node Buffer": async () => Buffer.from(BYTES),
  SharedArrayBuffer: async () => {
    const shared = new SharedArrayBuffer(BYTES.length);
    new Uint8Array(shared).set(BYTES);
    return shared;
  },
  Blob: async () => new Blob([BYTES]),
  File: async () => new File([BYTES], "file"),
  "lazy blob": async () => ({
    size: BYTES.length,
    slice: (start: number, end: number) => ({
      arrayBuffer: async () => BYTES.slice(start, end).buffer,
    }),
  }),
  "ByteSource that gives views": async () => ({
    size: BYTES.length,
    read: (start: number, end: number) => BYTES.subarray(start, end),
  }),
  "ByteSource that gives Buffers": async () => ({
    size: BYTES.length,
    read: async (start: number, end: number) => Buffer.from(BYTES.subarray(start, end)),
  }),
};

describe("openSource", () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    it(`reads any range of a ${kind}, into given memory or fresh`, async () => {
      const folder = await freshFolder();
      await writeFile(join(folder, "file"), BYTES);
      const { source, close } = await openSource(await make(folder));
      expect(source.size).toBe(BYTES.length);
      const range = fc
        .tuple(fc.nat(BYTES.length), fc.nat(BYTES.length))
        .map((pair) => pair.sort((a, b) => a - b));
      await fc.assert(
        fc.asyncProperty(range, fc.boolean(), async ([start, end], reuse) => {
          const into = reuse ? new Uint8Array(end! - start!) : undefined;
          const bytes = await source.read(start!, end!, { ...(into && { into }) });
          if (into !== undefined) expect(bytes).toBe(into);
          expect(bytes.constructor).toBe(Uint8Array);
          expect(Buffer.compare(bytes, BYTES.subarray(start, end))).toBe(0);
        }),
        { numRuns: 40 },
      );
      await close();
      expect((await failure(() => source.read(0, 1))).code).toBe("SourceClosed");
      expect(openFilesIn(folder)).toEqual([]);
    });
  }

  it("reads a Node FileHandle and leaves it open", async () => {
    const path = join(await freshFolder(), "file");
    await writeFile(path, BYTES);
    const handle = await open(path);
    const { source, close } = await openSource(handle);
    expect(await source.read(10, 90_000)).toEqual(BYTES.subarray(10, 90_000));
    await close();
    expect((await handle.stat()).size).toBe(BYTES.length);
    await handle.close();
  });

  it("does not close a ByteSource that the caller made", async () => {
    let closed = false;
    const { source, close } = await openSource({
      size: 1,
      read: () => new Uint8Array(1),
      close() {
        closed = true;
      },
    });
    await source.read(0, 1);
    await close();
    expect(closed).toBe(false);
  });

  it("gives views of bytes, not copies", async () => {
    const { source } = await openSource(BYTES.buffer);
    expect((await source.read(8, 16)).buffer).toBe(BYTES.buffer);
  });

  it("reads into shared memory from a path and a Blob", async () => {
    const path = join(await freshFolder(), "file");
    await writeFile(path, BYTES);
    for (const input of [path, new Blob([BYTES])]) {
      const { source, close } = await openSource(input);
      const into = new Uint8Array(new SharedArrayBuffer(5000));
      expect(await source.read(100, 5100, { into })).toBe(into);
      expect(Buffer.compare(into, BYTES.subarray(100, 5100))).toBe(0);
      await close();
    }
  });

  it("reads many ranges of one path at once", async () => {
    const path = join(await freshFolder(), "file");
    await writeFile(path, BYTES);
    const { source, close } = await openSource(path);
    const reads = Array.from({ length: 100 }, (_, i) => source.read(i * 1000, i * 1000 + 1000));
    // Closing waits for them.
    await close();
    expect(Buffer.compare(Buffer.concat(await Promise.all(reads)), BYTES)).toBe(0);
  });

  it("reads far beyond 4 GiB", async () => {
    const path = join(await freshFolder(), "sparse");
    const handle = await open(path, "w");
    const far = 300 * 2 ** 30 + 12_345;
    await handle.write(BYTES, 0, BYTES.length, far);
    await handle.close();
    const { source, close } = await openSource(path);
    expect(source.size).toBe(far + BYTES.length);
    expect(await source.read(far + 5, far + 105)).toEqual(BYTES.subarray(5, 105));
    expect(await source.read(2 ** 32 - 5, 2 ** 32 + 5)).toEqual(new Uint8Array(10));
    await close();
  });

  it("goes on after short reads, and never asks the system for more than a gibibyte", async () => {
    const size = 2 ** 31 + 100;
    const asked: [length: number, position: number][] = [];
    const handle: FileHandleLike = {
      fd: 3,
      stat: async () => ({ size, isFile: () => true }),
      read: async (_, __, length, position) => {
        asked.push([length, position]);
        return { bytesRead: length - Math.min(length - 1, 1000) };
      },
      write: async () => ({ bytesWritten: 0 }),
      truncate: async () => {},
      sync: async () => {},
    };
    const { source } = await openSource(handle);
    expect((await source.read(10, size)).byteLength).toBe(size - 10);
    let next = 10;
    for (const [length, position] of asked) {
      expect(length).toBeLessThanOrEqual(2 ** 30);
      expect(position).toBe(next);
      next += length - Math.min(length - 1, 1000);
    }
    expect(next).toBe(size);
  });

  it("opens the file beside a path", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "index"), "index");
    await writeFile(join(folder, "shard"), "shard");
    const index = await openSource(join(folder, "index"));
    const shard = await openSourceIn(index.folder!, "shard");
    expect(Buffer.from(await shard.source.read(0, 5)).toString()).toBe("shard");
    await Promise.all([index.close(), shard.close()]);
    expect(openFilesIn(folder)).toEqual([]);
  });
});

describe("a source that can't be opened", () => {
  it("names a missing file, with the system's error as the cause", async () => {
    const error = await failure(() => openSource("/no/such/file"));
    expect(error).toMatchObject({ code: "IoError", source: "/no/such/file" });
    expect(error.message).toContain("no such file");
    expect(error.cause).toMatchObject({ code: "ENOENT" });
  });

  it("tells a missing folder from a missing file in it", async () => {
    const folder = await freshFolder();
    expect((await failure(() => openSource(join(folder, "none")))).message).not.toContain("the folder");
    const { message } = await failure(() => openSource(join(folder, "gone", "none")));
    expect(message).toContain(`no such file or folder: the folder ${join(folder, "gone")} doesn't exist`);
  });

  it("is not looked for elsewhere when the program changes its working directory", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "a"), "a");
    await writeFile(join(folder, "b"), "b");
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    process.chdir(folder);
    const a = await openSource("a");
    process.chdir(before);
    const b = await openSourceIn(a.folder!, "b");
    expect(await b.source.read(0, 1)).toEqual(new Uint8Array([0x62]));
    await Promise.all([a.close(), b.close()]);
  });

  it("says of a folder to name a file in it", async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, "model"));
    const error = await failure(() => openSource(join(folder, "model")));
    expect(error).toMatchObject({ code: "IoError" });
    expect(error.message).toMatch(/it is a folder; name a file in it$/);
    expect(openFilesIn(folder)).toEqual([]);
  });

  it.each([
    ["null", null],
    ["a number", 7],
    ["an empty object", {}],
    ["a function", () => {}],
    ["a stream", new ReadableStream()],
  ])("refuses %s", async (_, input) => {
    expect((await failure(() => openSource(input as SourceInput))).code).toBe("UnsupportedSource");
  });

  it.each([
    [2 ** 53, "TooLarge"],
    [Number.POSITIVE_INFINITY, "TooLarge"],
    [Number.NaN, "UnsupportedSource"],
    [-1, "UnsupportedSource"],
    [1.5, "UnsupportedSource"],
  ])("refuses a size of %s", async (size, code) => {
    expect((await failure(() => openSource({ size, read: () => new Uint8Array() }))).code).toBe(code);
  });
});

describe.runIf(process.platform === "linux")("a named pipe", () => {
  async function pipe() {
    const path = join(await freshFolder(), "pipe");
    await promisify(execFile)("mkfifo", [path]);
    return path;
  }

  it("is read whole", async () => {
    const path = await pipe();
    const writing = writeFile(path, BYTES);
    const { source } = await openSource(path);
    await writing;
    expect(await source.read(0, BYTES.length)).toEqual(BYTES);
  });

  it("is not waited for once the signal is aborted, whether nobody writes or somebody stops writing", async () => {
    const path = await pipe();
    const early = new AbortController();
    const opening = openSource(path, { signal: early.signal });
    early.abort("nobody came");
    await expect(opening).rejects.toBe("nobody came");

    const late = new AbortController();
    const reading = openSource(path, { signal: late.signal });
    const writer = await open(path, "w");
    try {
      await writer.write(BYTES.subarray(0, 100));
      late.abort("nothing more came");
      await expect(reading).rejects.toBe("nothing more came");
    } finally {
      await writer.close();
    }
    await vi.waitFor(() => expect(openFilesIn(dirname(path))).toEqual([]), 10_000);
  });
});

describe("a read that goes wrong", () => {
  const lying = (answer: unknown): ByteSource => ({
    size: 100,
    name: "liar",
    read: () => answer as Uint8Array,
  });

  it.each([
    ["too little", new Uint8Array(9)],
    ["too much", new Uint8Array(11)],
    ["nothing", undefined],
    ["elements of another size", new Float32Array(10)],
  ])("is a ShortRead when a ByteSource gives %s", async (_, answer) => {
    const { source } = await openSource(lying(answer));
    const error = await failure(() => source.read(5, 15));
    expect(error).toMatchObject({ code: "ShortRead", source: "liar", expected: "10 bytes" });
    expect(error.message).toContain("[5, 15)");
  });

  it("rejects when a ByteSource throws at once", async () => {
    const oops = new Error("oops");
    const { source } = await openSource({
      size: 1,
      read() {
        throw oops;
      },
    });
    await expect(source.read(0, 1)).rejects.toBe(oops);
  });

  it("is a ShortRead when a Blob is shorter than it says", async () => {
    const { source } = await openSource({
      size: 100,
      slice: () => ({ arrayBuffer: async () => new ArrayBuffer(3) }),
    });
    expect((await failure(() => source.read(0, 100))).code).toBe("ShortRead");
    const into = new Uint8Array(100);
    expect((await failure(() => source.read(0, 100, { into }))).code).toBe("ShortRead");
  });

  it("is a ShortRead when a file has been cut short since", async () => {
    const path = join(await freshFolder(), "file");
    await writeFile(path, BYTES);
    const { source, close } = await openSource(path);
    await truncate(path, 500);
    const error = await failure(() => source.read(0, 1000));
    expect(error).toMatchObject({ code: "ShortRead", source: path, found: "500 bytes" });
    await close();
  });

  it.each([
    ["another size", (path: string) => writeFile(path, new Uint8Array(BYTES.length + 8))],
    ["the same size", (path: string) => writeFile(path, new Uint8Array(BYTES.length))],
    [
      "one byte in place",
      async (path: string) => {
        const handle = await open(path, "r+");
        await handle.write(new Uint8Array(1), 0, 1, 50_000);
        await handle.close();
      },
    ],
  ])("is SourceChanged when a file was rewritten in place with %s", async (_, rewrite) => {
    const path = join(await freshFolder(), "file");
    await writeFile(path, BYTES);
    // The clock of files ticks slowly.
    await utimes(path, 1000, 1000);
    const handle = await open(path);
    const byPath = await openSource(path);
    const byHandle = await openSource(handle);
    await byPath.source.read(0, 100);
    await rewrite(path);
    for (const [{ source, close }, name] of [
      [byPath, path],
      [byHandle, `file handle ${handle.fd}`],
    ] as const) {
      const error = await failure(() => source.read(0, 100));
      expect(error).toMatchObject({ code: "SourceChanged", source: name });
      expect(error.message).toMatch(/the file changed while it was read; open it again$/);
      await close();
    }
    await handle.close();
  });

  it("goes on with the old file when another took its name", async () => {
    const path = join(await freshFolder(), "file");
    await writeFile(path, BYTES);
    const { source, close } = await openSource(path);
    await writeFile(`${path}.new`, "new");
    await rename(`${path}.new`, path);
    expect(await source.read(0, 100)).toEqual(BYTES.subarray(0, 100));
    await close();
  });

  it.each([
    [-1, 5],
    [5, 4],
    [0.5, 2],
    [Number.NaN, 2],
  ])("refuses the range [%s, %s)", async (start, end) => {
    const { source } = await openSource(BYTES);
    expect((await failure(() => source.read(start, end))).code).toBe("InvalidArgument");
  });

  it("refuses a range past the end and memory of another size", async () => {
    const { source } = await openSource(BYTES);
    expect((await failure(() => source.read(0, BYTES.length + 1))).code).toBe("ShortRead");
    expect((await failure(() => source.read(0, 5, { into: new Uint8Array(4) }))).code).toBe(
      "InvalidArgument",
    );
  });

  it("rejects with the signal's reason, also while a ByteSource hangs", async () => {
    const { source } = await openSource({ size: 1, read: () => new Promise<Uint8Array>(() => {}) });
    const controller = new AbortController();
    const reading = source.read(0, 1, { signal: controller.signal });
    controller.abort("enough");
    await expect(reading).rejects.toBe("enough");
    await expect(source.read(0, 1, { signal: AbortSignal.abort("before") })).rejects.toBe("before");
  });
});
