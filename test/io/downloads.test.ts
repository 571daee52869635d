import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openSource, type SourceInput } from "../../src/io/open-source.ts";
import type { BodyBound, DownloadProgress } from "../../src/io/options.ts";
import "../../src/io/platform.node.ts";
import type { ReadOptions } from "../../src/io/types.ts";
import { answer, type Handler, serve } from "./server.ts";
import { failure, freshFolder, pattern } from "./support.ts";

const BYTES = pattern(3_000_000);

/** Reads `[start, end)` and gives what was reported meanwhile. */
async function reports(input: SourceInput, start: number, end: number, into?: Uint8Array): Promise<number[]> {
  const { source, close } = await openSource(input);
  const seen: number[] = [];
  const bytes = await source.read(start, end, { into, onBytes: (count) => seen.push(count) });
  expect(Buffer.compare(bytes, BYTES.subarray(start, end))).toBe(0);
  await close();
  return seen;
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

describe("the bytes of a read", () => {
  it("are reported as they arrive over HTTP, at least once for 256 KiB", async () => {
    const server = await serve((request, response) =>
      answer(BYTES, request, response, {
        body: async (part, to) => {
          for (let at = 0; at < part.length; at += 100_000) {
            to.write(part.subarray(at, at + 100_000));
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
          to.end();
        },
      }),
    );
    const seen = await reports(server.url, 1000, 3_000_000);
    expect(sum(seen)).toBe(2_999_000);
    expect(Math.max(...seen)).toBeLessThanOrEqual(256 * 2 ** 10);
  });

  it("are reported once, though a connection broke and they were asked for again", async () => {
    const server = await serve((request, response, count) =>
      answer(BYTES, request, response, {
        headers: { etag: '"1"' },
        body: (part, to) => {
          if (count % 2 === 1) to.end(part);
          else to.write(part.subarray(0, 500_000), () => to.destroy());
        },
      }),
    );
    expect(sum(await reports(server.url, 0, 3_000_000))).toBe(3_000_000);
  });

  it("are reported in full by every kind of source, at the end if not before", async () => {
    const path = join(await freshFolder(), "file");
    await writeFile(path, BYTES);
    const inputs: (SourceInput | (() => SourceInput))[] = [
      path,
      BYTES,
      new Blob([BYTES]),
      () => new Response(BYTES),
      { size: BYTES.length, read: (start: number, end: number) => BYTES.subarray(start, end) },
      // Its own reports are wrong: the sum is right all the same.
      {
        size: BYTES.length,
        read(start: number, end: number, options?: ReadOptions) {
          options?.onBytes?.(1);
          options?.onBytes?.(10_000_000);
          return BYTES.subarray(start, end);
        },
      },
    ];
    for (const input of inputs) {
      for (const into of [undefined, new Uint8Array(2_000_000)])
        expect(sum(await reports(typeof input === "function" ? input() : input, 5, 2_000_005, into))).toBe(
          2_000_000,
        );
    }
  });
});

/** Answers with the whole body, whatever range is asked for. */
const whole =
  (body: Uint8Array, headers: Record<string, string | number> = {}): Handler =>
  (_, response) =>
    void response.writeHead(200, headers).end(body);

describe("a body that is downloaded whole while it is opened", () => {
  async function downloads(input: SourceInput): Promise<DownloadProgress[]> {
    const seen: DownloadProgress[] = [];
    await openSource(input, { onDownload: (progress) => seen.push(progress) });
    for (const [i, { loaded }] of seen.entries()) {
      const fresh = loaded - (seen[i - 1]?.loaded ?? 0);
      expect(fresh).toBeGreaterThan(0);
      expect(fresh).toBeLessThanOrEqual(256 * 2 ** 10);
    }
    expect(seen.at(-1)!.loaded).toBe(BYTES.length);
    return seen;
  }

  it("is reported with its total from the first chunk on, if the server tells it", async () => {
    const server = await serve(whole(BYTES, { "content-length": BYTES.length }));
    for (const input of [server.url, await fetch(server.url)])
      expect(new Set((await downloads(input)).map(({ total }) => total))).toEqual(new Set([BYTES.length]));
  });

  it("is reported without a total if it is compressed or comes in chunks: what is counted is what was decoded", async () => {
    const compressed = await serve(whole(gzipSync(BYTES), { "content-encoding": "gzip" }));
    const chunked = await serve(whole(BYTES));
    for (const input of [compressed.url, await fetch(compressed.url), chunked.url])
      expect(new Set((await downloads(input)).map(({ total }) => total))).toEqual(new Set([undefined]));
  });

  it("never goes back when the download begins anew", async () => {
    const server = await serve((_, response, count) => {
      response.writeHead(200, { "content-length": BYTES.length });
      if (count > 1) response.end(BYTES);
      else response.write(BYTES.subarray(0, 1_000_000), () => response.destroy());
    });
    await downloads(server.url);
  });
});

/** A file of a byte that says how long it is. */
const bound: BodyBound = (prefix) => (prefix.length === 0 ? 1 : 1 + prefix[0]! * 1000);

/** Sends until the other side hangs up, and counts. */
function endless(headers: Record<string, string> = {}) {
  let sent = 0;
  const chunk = new Uint8Array(50_000).fill(9);
  const handler: Handler = (_, response) => {
    response.writeHead(200, headers);
    const more = () => {
      while (!response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once("drain", more);
      }
    };
    more();
  };
  return { handler, sent: () => sent };
}

describe("a body that is read whole", () => {
  it("is read no further than its first bytes say that it goes", async () => {
    for (const headers of [{}, { "content-length": "900000000000" }]) {
      const { handler, sent } = endless(headers as Record<string, string>);
      const server = await serve(handler);
      const error = await failure(() => openSource(server.url, { bound, retries: 0 }));
      expect(error).toMatchObject({
        code: headers["content-length" as never] ? expect.stringMatching(/HttpError|TooLarge/) : "HttpError",
      });
      await expect.poll(server.open).toBe(0);
      expect(sent()).toBeLessThan(20_000_000);
    }
  });

  it("is not unpacked any further either: 300 kB of gzip that become 300 MB", async () => {
    const bomb = gzipSync(new Uint8Array(100_000_000).fill(5));
    const server = await serve(whole(bomb, { "content-encoding": "gzip" }));
    for (const input of [server.url, await fetch(server.url)]) {
      const before = process.memoryUsage().arrayBuffers;
      const error = await failure(() => openSource(input, { bound, retries: 0 }));
      expect(error).toMatchObject({ code: "HttpError", expected: "5001 bytes", found: "more bytes" });
      expect(error.message).toContain("received more than the expected 5001");
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
    }
  });

  it("is read to its end if that is where its first bytes say that it ends", async () => {
    const body = new Uint8Array(9001).fill(9);
    const servers = [
      await serve(whole(body)),
      await serve(whole(body, { "content-length": body.length })),
      await serve(whole(gzipSync(body), { "content-encoding": "gzip" })),
    ];
    for (const { url } of servers) {
      for (const input of [url, await fetch(url)]) {
        const { source } = await openSource(input, { bound });
        expect(await source.read(0, source.size)).toEqual(body);
      }
    }
  });

  it("may be shorter: whoever reads it says what is missing", async () => {
    const { source } = await openSource(new Response(new Uint8Array(700).fill(9)), { bound });
    expect(source.size).toBe(700);
    expect((await openSource(new Response(new Uint8Array(0)), { bound })).source.size).toBe(0);
  });

  it("passes on what its bound throws", async () => {
    const refuse = () => {
      throw new RangeError("not a body of mine");
    };
    await expect(openSource(new Response("<html>"), { bound: refuse })).rejects.toThrow(/not a body of mine/);
  });

  it.runIf(process.platform === "linux")("may be a pipe, with the same bound", async () => {
    const path = join(await freshFolder(), "pipe");
    await promisify(execFile)("mkfifo", [path]);
    const body = new Uint8Array(9001).fill(9);
    const writing = writeFile(path, body);
    const { source } = await openSource(path, { bound });
    await writing;
    expect(await source.read(0, source.size)).toEqual(body);
    const flood = writeFile(path, new Uint8Array(5_000_000).fill(9)).catch(() => {});
    expect((await failure(() => openSource(path, { bound }))).message).toContain(
      "received more than the expected 9001",
    );
    await flood;
  });
});
