import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type OpenedSource, openSource, openSourceIn } from "../../src/io/open-source.ts";
import { openStore } from "../../src/io/open-store.ts";
import type { SourceOptions } from "../../src/io/options.ts";
import "../../src/io/platform.node.ts";
import { answer, type Handler, serve } from "./server.ts";
import { failure, pattern } from "./support.ts";

const BYTES = pattern(3_000_000);
const HEAD = 65_536;
const VERSION = { etag: '"one"', "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT" };

const good: Handler = (request, response) => answer(BYTES, request, response, { headers: VERSION });

async function read(opened: OpenedSource, start: number, end: number): Promise<void> {
  expect(Buffer.compare(await opened.source.read(start, end), BYTES.subarray(start, end))).toBe(0);
}

/** A server that is good until the file is open, and then does as it is told. */
async function afterOpening(handler: Handler, options: SourceOptions = {}) {
  let told: Handler = good;
  let before = 0;
  const server = await serve((request, response, count) => told(request, response, count - before));
  const opened = await openSource(server.url, { retries: 3, timeout: 2_000, ...options });
  before = server.requests.length;
  told = handler;
  return { server, opened };
}

describe("a URL on a server with ranges", () => {
  it("opens with one request for the first bytes, and reads those without another", async () => {
    const server = await serve(good);
    const opened = await openSource(server.url);
    expect(opened.source.size).toBe(BYTES.length);
    await read(opened, 0, HEAD);
    await read(opened, 100, 200);
    expect(server.ranges).toEqual(["bytes=0-65535"]);
    expect(server.requests[0]!.method).toBe("GET");
  });

  it("asks for exactly the bytes that it does not have", async () => {
    const server = await serve(good);
    const opened = await openSource(new URL(server.url));
    await read(opened, 2_000_000, 2_000_010);
    await read(opened, HEAD - 6, HEAD + 10);
    await read(opened, 0, BYTES.length);
    expect(server.ranges.slice(1)).toEqual([
      "bytes=2000000-2000009",
      "bytes=65536-65545",
      "bytes=65536-2999999",
    ]);
  });

  it("reads into the memory that it is given, shared memory too", async () => {
    const opened = await openSource((await serve(good)).url);
    for (const memory of [new ArrayBuffer(1_000_000), new SharedArrayBuffer(1_000_000)]) {
      const into = new Uint8Array(memory);
      expect(await opened.source.read(5, 1_000_005, { into })).toBe(into);
      expect(Buffer.compare(into, BYTES.subarray(5, 1_000_005))).toBe(0);
    }
  });

  it("is not changed by what callers do to the bytes that they got", async () => {
    const opened = await openSource((await serve(good)).url);
    (await opened.source.read(0, 100)).fill(0);
    await read(opened, 0, 100);
  });

  it("sends at most six requests at a time, its siblings' included", async () => {
    let most = 0;
    const server = await serve((request, response) => {
      most = Math.max(most, server.open());
      setTimeout(() => good(request, response, 0), 5);
    });
    const opened = await openSource(server.url);
    const sibling = await openSourceIn(opened.folder!, "other.safetensors");
    const starts = Array.from({ length: 30 }, (_, i) => HEAD + i * 1000);
    await Promise.all(starts.map((start, i) => read(i % 2 ? opened : sibling, start, start + 1000)));
    expect(most).toBeLessThanOrEqual(6);
    expect(most).toBeGreaterThan(2);
  });

  it("sends the headers given, asks for no compression, and guards ranges by a strong ETag", async () => {
    const server = await serve(good);
    const opened = await openSource(server.url, {
      headers: { authorization: "Bearer token", range: "bytes=7-8" },
    });
    await read(opened, 100_000, 100_001);
    expect(server.requests[1]!.headers).toMatchObject({
      authorization: "Bearer token",
      range: "bytes=100000-100000",
      "accept-encoding": expect.stringMatching(/^identity/),
      "if-range": '"one"',
    });
  });

  it("turns credentials in the URL into a header, and shows neither them nor the query", async () => {
    const server = await serve((request, response) => {
      expect(request.url).toBe("/model.safetensors?signature=secret");
      expect(request.headers.authorization).toBe(`Basic ${btoa("me:pass word")}`);
      response.writeHead(403).end();
    });
    const url = server.url.replace("//", "//me:pass%20word@");
    const error = await failure(() => openSource(`${url}?signature=secret#part`));
    expect(error).toMatchObject({ code: "HttpError", status: 403 });
    expect(JSON.stringify([error.message, error])).not.toMatch(/secret|pass|me:/);
  });

  it("calls the `fetch` given", async () => {
    const server = await serve(good);
    const called: string[] = [];
    const opened = await openSource(server.url, {
      fetch: (url, init) => {
        called.push(url);
        return fetch(url, init);
      },
    });
    await read(opened, 0, 10);
    expect(called).toEqual([server.url]);
  });

  it("reads files of no byte, of one byte, and of just the first request's", async () => {
    for (const size of [0, 1, HEAD, HEAD + 1]) {
      const server = await serve((request, response) => answer(BYTES.subarray(0, size), request, response));
      const opened = await openSource(server.url);
      expect(opened.source.size).toBe(size);
      await read(opened, 0, size);
    }
  });

  it("opens the files beside it with its query, their names escaped, and none outside its folder", async () => {
    const server = await serve(good);
    const index = await openSource(`${server.url.replace("model", "a/index")}?token=1`);
    await openSourceIn(index.folder!, "shard 1é%3F&.safetensors");
    expect(server.requests[1]!.url).toBe("/a/shard%201%C3%A9%253F%26.safetensors?token=1");
    const folder = await openStore(server.url.replace("model.safetensors", "b?token=2"));
    await openSourceIn(folder, "sub/shard");
    expect(server.requests[2]!.url).toBe("/b/sub/shard?token=2");
    for (const name of ["", "../x", "a/../../x", "/x", "a//b", "..\\x", "c:x", "."]) {
      expect((await failure(() => openSourceIn(index.folder!, name))).code).toBe("InvalidArgument");
    }
  });

  it("follows redirects, from the first address on each time", async () => {
    const server = await serve((request, response, count) => {
      if (!request.url!.startsWith("/signed"))
        response.writeHead(302, { location: `/signed/${count}` }).end();
      else good(request, response, count);
    });
    const opened = await openSource(server.url);
    await read(opened, 100_000, 200_000);
    const urls = server.requests.map((request) => request.url);
    expect(urls).toEqual(["/model.safetensors", "/signed/1", "/model.safetensors", "/signed/3"]);
    expect(server.ranges[3]).toBe("bytes=100000-199999");
  });
});

describe("a URL on a server without ranges", () => {
  it("is read once, whole", async () => {
    const server = await serve((_, response) =>
      response.writeHead(200, { "content-length": BYTES.length }).end(BYTES),
    );
    const opened = await openSource(server.url);
    await read(opened, 0, BYTES.length);
    await read(opened, 100_000, 200_000);
    expect(server.requests.length).toBe(1);
  });

  it("is read whole without a Content-Length, and when it comes compressed", async () => {
    const plain = await serve((_, response) => response.writeHead(200).end(BYTES));
    const compressed = await serve((_, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(BYTES)),
    );
    for (const server of [plain, compressed]) await read(await openSource(server.url), 0, BYTES.length);
  });

  it("is read anew when the body breaks off", async () => {
    const server = await serve((_, response, count) => {
      response.writeHead(200, { "content-length": BYTES.length });
      if (count > 1) response.end(BYTES);
      else response.write(BYTES.subarray(0, 1_000_000), () => response.destroy());
    });
    await read(await openSource(server.url), 0, BYTES.length);
    expect(server.requests.length).toBe(2);
  });

  it("is an error when it has more memory to fill than there is", async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { "content-length": 2 ** 50 }).write("x");
    });
    expect((await failure(() => openSource(server.url))).code).toBe("TooLarge");
  });
});

describe("a server that fails for a while", () => {
  it.each([429, 500, 502, 503, 504, 408])("is asked again after %s", async (status) => {
    const { server, opened } = await afterOpening((request, response, count) => {
      if (count < 3) response.writeHead(status).end("busy");
      else good(request, response, count);
    });
    await read(opened, 100_000, 200_000);
    expect(server.requests.length).toBe(4);
  });

  it("is asked again when it can't be reached or breaks off before it answers", async () => {
    const { opened } = await afterOpening((request, response, count) => {
      if (count < 3) request.socket.destroy();
      else good(request, response, count);
    });
    await read(opened, 100_000, 200_000);
  });

  it("is asked for the rest only when a body breaks off", async () => {
    const { server, opened } = await afterOpening(
      (request, response) =>
        answer(BYTES, request, response, {
          headers: VERSION,
          body: (part, to) => to.write(part.subarray(0, 1_200_000), () => setTimeout(() => to.destroy(), 50)),
        }),
      { retries: 1 },
    );
    await read(opened, 70_000, 3_000_000);
    const starts = server.ranges.slice(1).map((range) => Number(/\d+/.exec(range!)));
    // Each break came after a megabyte, so that two of them don't use up the one retry.
    expect(starts).toEqual([70_000, 1_270_000, 2_470_000]);
  });

  it("gives the right bytes however often bodies break off, while there is progress", async () => {
    const { opened } = await afterOpening(
      (request, response) =>
        answer(BYTES, request, response, {
          headers: VERSION,
          body: (part, to) =>
            part.length < 100_000
              ? to.end(part)
              : to.write(part.subarray(0, part.length / 2), () => to.destroy()),
        }),
      { retries: 8 },
    );
    await read(opened, 70_000, BYTES.length);
  });

  it("is asked again when it stalls, before the answer and within it", async () => {
    const { server, opened } = await afterOpening(
      (request, response, count) => {
        if (count === 1) return;
        const body =
          count === 2 ? (part: Uint8Array) => void response.write(part.subarray(0, 50_000)) : undefined;
        answer(BYTES, request, response, { headers: VERSION, ...(body && { body }) });
      },
      { timeout: 60 },
    );
    await read(opened, 100_000, 200_000);
    expect(server.ranges.slice(1)).toEqual([
      "bytes=100000-199999",
      "bytes=100000-199999",
      "bytes=150000-199999",
    ]);
  });

  it("may be given all the time in the world", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on("warning", note);
    const { opened } = await afterOpening(
      (request, response) =>
        void setTimeout(() => answer(BYTES, request, response, { headers: VERSION }), 20),
      { timeout: Number.POSITIVE_INFINITY, retries: 0 },
    );
    await read(opened, 100_000, 200_000);
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  it("may be slow for as long as bytes come", async () => {
    const { server, opened } = await afterOpening(
      (request, response) =>
        answer(BYTES, request, response, {
          headers: VERSION,
          body: async (part, to) => {
            for (let at = 0; at < part.length; at += 1000) {
              to.write(part.subarray(at, at + 1000));
              await new Promise((resolve) => setTimeout(resolve, 20));
            }
            to.end();
          },
        }),
      { timeout: 150 },
    );
    await read(opened, 100_000, 110_000);
    expect(server.requests.length).toBe(2);
  });

  it("is not waited for when it asks for an hour", async () => {
    const { server, opened } = await afterOpening((_, response) => {
      response.writeHead(503, { "retry-after": "3600" }).end();
    });
    expect(await failure(() => opened.source.read(100_000, 200_000))).toMatchObject({ status: 503 });
    expect(server.requests.length).toBe(2);
  });
});

describe("a server that fails for good", () => {
  const range = (start: number, end: number, size: number | string) => ({
    "content-range": `bytes ${start}-${end - 1}/${size}`,
  });
  const partOf =
    (headers: Record<string, string>, part = BYTES.subarray(100_000, 200_000)): Handler =>
    (_, response) => {
      response.writeHead(206, { ...VERSION, ...headers });
      response.end(part);
    };

  const CASES: Record<string, [Handler, object]> = {
    "404": [(_, response) => response.writeHead(404).end(), { code: "HttpError", status: 404 }],
    "500, again and again": [
      (_, response) => response.writeHead(500).end(),
      { code: "HttpError", status: 500 },
    ],
    "a stall, again and again": [() => {}, { code: "Timeout" }],
    "broken connections": [(request) => request.socket.destroy(), { code: "HttpError" }],
    "another range": [partOf(range(100_001, 200_001, BYTES.length)), { code: "HttpError", status: 206 }],
    "a shorter range": [partOf(range(100_000, 150_000, BYTES.length)), { code: "HttpError", status: 206 }],
    "no Content-Range": [partOf({}), { code: "HttpError", status: 206 }],
    "a Content-Range that is none": [
      partOf({ "content-range": "rows 1-2/3" }),
      { code: "HttpError", status: 206 },
    ],
    "a compressed part": [
      partOf({ ...range(100_000, 200_000, BYTES.length), "content-encoding": "gzip" }, gzipSync(BYTES)),
      { code: "HttpError", status: 206 },
    ],
    "a body that is too short": [
      partOf(range(100_000, 200_000, BYTES.length), BYTES.subarray(100_000, 199_999)),
      { code: "HttpError", status: 206 },
    ],
    "a body that is too long": [
      partOf(range(100_000, 200_000, BYTES.length), BYTES.subarray(100_000, 200_001)),
      { code: "HttpError", status: 206 },
    ],
    "the whole file in place of a part": [
      (_, response) => response.writeHead(200, { ...VERSION, "content-length": BYTES.length }).end(BYTES),
      { code: "HttpError", status: 200 },
    ],
    "416 of the same file": [
      (_, response) =>
        response.writeHead(416, { ...VERSION, "content-range": `bytes */${BYTES.length}` }).end(),
      { code: "HttpError", status: 416 },
    ],
    "a redirect loop": [
      (_, response) => response.writeHead(302, { location: "/model.safetensors" }).end(),
      { code: "HttpError" },
    ],
    "another ETag": [
      partOf({ ...range(100_000, 200_000, BYTES.length), etag: '"two"' }),
      { code: "SourceChanged", expected: 'etag "one"', found: 'etag "two"' },
    ],
    "no validator any more": [
      (_, response) => {
        response.writeHead(206, range(100_000, 200_000, BYTES.length));
        response.end(new Uint8Array(100_000));
      },
      { code: "SourceChanged", expected: 'etag "one"', found: "etag null" },
    ],
    "another size": [partOf(range(100_000, 200_000, BYTES.length + 1)), { code: "SourceChanged" }],
    "another date, without strong ETag": [
      partOf({
        ...range(100_000, 200_000, "*"),
        etag: 'W/"one"',
        "last-modified": "Thu, 22 Oct 2015 07:28:00 GMT",
      }),
      { code: "SourceChanged" },
    ],
    "a shrunk file": [
      (request, response) =>
        answer(BYTES.subarray(0, 1000), request, response, { headers: { etag: '"one"' } }),
      { code: "SourceChanged" },
    ],
    "a file changed under If-Range": [
      (request, response) => answer(BYTES, request, response, { headers: { etag: '"two"' } }),
      { code: "SourceChanged" },
    ],
  };

  for (const [title, [handler, expected]] of Object.entries(CASES)) {
    it(`is an error: ${title}`, async () => {
      const { server, opened } = await afterOpening(handler, { retries: 2, timeout: 50 });
      const error = await failure(() => opened.source.read(100_000, 200_000));
      // A body that ends early without a word is a short read, one that breaks an HTTP failure.
      if (title.includes("too short")) expect(["ShortRead", "HttpError"]).toContain(error.code);
      else expect(error).toMatchObject(expected);
      if (title.includes("compressed")) expect(error.message).toContain("compressed");
      expect(error.message).toContain("/model.safetensors");
      expect(server.requests.length).toBeLessThan(30);
      await opened.close();
    });
  }

  it.each([
    ["a range from elsewhere", 206, range(1, 65_537, BYTES.length)],
    ["no size", 206, range(0, HEAD, "*")],
    ["no Content-Range", 206, {}],
    ["416 of a file that is not empty", 416, { "content-range": "bytes */5" }],
    ["401", 401, {}],
  ])("is an error at opening: %s", async (_, status, headers) => {
    const server = await serve((_, response) =>
      response.writeHead(status, headers).end(BYTES.subarray(0, HEAD)),
    );
    expect(await failure(() => openSource(server.url))).toMatchObject({ code: "HttpError", status });
    expect(server.requests.length).toBe(1);
  });

  it("is let go of when it answers with an error that never ends", async () => {
    const server = await serve((_, response) => void response.writeHead(404).write("no"));
    await failure(() => openSource(server.url));
    await expect.poll(server.open).toBe(0);
  });

  it("is an error when nobody listens", async () => {
    const error = await failure(() => openSource("http://127.0.0.1:1/x", { retries: 1 }));
    expect(error).toMatchObject({ code: "HttpError", source: "http://127.0.0.1:1/x" });
  });
});

describe("an abort", () => {
  it("stops opening, reading, waiting for a turn and waiting to try again, at once and with its reason", async () => {
    const hanging = await serve(() => {});
    const opening = new AbortController();
    const opened = failure(async () => {
      await openSource(hanging.url, { signal: opening.signal });
    });
    setTimeout(() => opening.abort(new Error("opening")), 20);
    expect((await opened).message).toBe("opening");

    for (const handler of [
      (() => {}) as Handler,
      ((request, response) =>
        answer(BYTES, request, response, {
          headers: VERSION,
          body: (part, to) => void to.write(part.subarray(0, 9)),
        })) as Handler,
      ((_, response) => response.writeHead(503, { "retry-after": "30" }).end()) as Handler,
    ]) {
      const { server, opened } = await afterOpening(handler, { timeout: 30_000 });
      const controller = new AbortController();
      const { signal } = controller;
      const reads = Array.from({ length: 10 }, () =>
        failure(() => opened.source.read(100_000, 200_000, { signal })),
      );
      setTimeout(() => controller.abort(new Error("enough")), 50);
      for (const error of await Promise.all(reads)) expect(error.message).toBe("enough");
      await opened.close();
      await expect.poll(server.open).toBe(0);
    }
  });
});

describe("a Response", () => {
  it("is read whole", async () => {
    const server = await serve(good);
    await read(await openSource(await fetch(server.url)), 0, BYTES.length);
    await read(await openSource(new Response(BYTES)), 5, BYTES.length);
    expect((await openSource(new Response(null))).source.size).toBe(0);
  });

  it("is an error when it is no success, was read already or breaks off", async () => {
    expect(await failure(() => openSource(new Response("no", { status: 404 })))).toMatchObject({
      status: 404,
    });
    const used = new Response("used");
    await used.text();
    expect((await failure(() => openSource(used))).code).toBe("UnsupportedSource");
    const server = await serve((_, response) => {
      response.writeHead(200, { "content-length": 100 }).write("short", () => response.destroy());
    });
    expect((await failure(async () => openSource(await fetch(server.url)))).code).toBe("HttpError");
  });

  it("stops when it is aborted", async () => {
    const controller = new AbortController();
    const opening = openSource(new Response(new ReadableStream()), { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
  });
});

describe("blob: and data: URLs", () => {
  it("are read", async () => {
    await read(await openSource(URL.createObjectURL(new Blob([BYTES]))), 5, 100_000);
    const { source } = await openSource(`data:application/octet-stream;base64,${btoa("hello")}`);
    expect(Buffer.from(await source.read(1, 5)).toString()).toBe("ello");
  });
});
