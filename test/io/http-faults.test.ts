import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openSource } from "../../src/io/open-source.ts";
import "../../src/io/platform.node.ts";
import { afterOpening, BYTES, good, HEAD, read, VERSION } from "./http-support.ts";
import { answer, type Handler, serve } from "./server.ts";
import { failure } from "./support.ts";

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

  it("is asked again whatever words its address contains", async () => {
    const server = await serve((request, response, count) => {
      if (count === 1) request.socket.destroy();
      else good(request, response, count);
    });
    await read(await openSource(`${server.url}/redirect/model`, { retries: 1 }), 0, 200_000);
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
      { timeout: 100 },
    );
    await read(opened, 100_000, 200_000);
    const [stalled, broken, ...rest] = server.ranges.slice(1);
    expect([stalled, broken]).toEqual(["bytes=100000-199999", "bytes=100000-199999"]);
    // One request, or more of the same if the machine is so busy that it stalls itself.
    expect(new Set(rest)).toEqual(new Set(["bytes=150000-199999"]));
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
            for (let at = 0; at < part.length; at += 400) {
              to.write(part.subarray(at, at + 400));
              await new Promise((resolve) => setTimeout(resolve, 20));
            }
            to.end();
          },
        }),
      // Less than all of the body takes, and much more than each of its pieces.
      { timeout: 400 },
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
      // Whoever answers may take its time, on a machine that has none.
      const timeout = "code" in expected && expected.code === "Timeout" ? 50 : 30_000;
      const { server, opened } = await afterOpening(handler, { retries: 2, timeout });
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
