import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openSource, openSourceIn } from "../../src/io/open-source.ts";
import { openStore } from "../../src/io/open-store.ts";
import "../../src/io/platform.node.ts";
import { BYTES, good, HEAD, read } from "./http-support.ts";
import { answer, serve } from "./server.ts";
import { failure } from "./support.ts";

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
