import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { loadFile, loadIntoPytree, loadPytree, openSafetensors, save, Tensor } from "../../src/index.node.ts";
import { CountingSource } from "../checkpoint/counting-source.ts";

/*
 * What is read, counted: no clock, so a busy machine changes nothing. The figures are those of DESIGN.md, section 11,
 * and of the constants in src/checkpoint/read.ts.
 */
const KIB = 2 ** 10;
const MIB = 2 ** 20;
/** What a lookup may read beyond the header and what was asked for. */
const SLACK = 64 * KIB;

/** Tensors `t0`, `t1`, … of so many bytes each. */
function tensors(count: number, bytes: number): Record<string, Tensor> {
  const dict: Record<string, Tensor> = {};
  for (let i = 0; i < count; i++) dict[`t${i}`] = new Tensor("U8", [bytes], new Uint8Array(bytes).fill(i));
  return dict;
}

function headerBytes(file: Uint8Array): number {
  return 8 + new DataView(file.buffer).getUint32(0, true);
}

describe("a file that is loaded whole", () => {
  it("of 20,000 small tensors is read at once, and no byte twice but those of the first read", async () => {
    const file = save(tensors(20_000, 32));
    const source = new CountingSource(file);
    const dict = await loadFile(source);
    expect(Object.keys(dict)).toHaveLength(20_000);
    // The first bytes, the rest of the header, all data.
    expect(source.reads).toHaveLength(3);
    expect(source.bytesRead).toBeLessThanOrEqual(file.byteLength + SLACK);
  });

  it("of large tensors is read in pieces of 16 MiB, and no byte twice", async () => {
    const file = save(tensors(3, 40 * MIB));
    const source = new CountingSource(file);
    await loadFile(source);
    expect(source.reads).toHaveLength(1 + 3 * 3);
    expect(source.bytesRead).toBeLessThanOrEqual(file.byteLength + SLACK);
    expect(Math.max(...source.reads.map(([start, end]) => end - start))).toBe(16 * MIB);
  });
});

describe("a part of a file", () => {
  const file = save({ ...tensors(100, 256 * KIB), one: Tensor.from([1]) });
  const header = headerBytes(file);

  it("costs header, tensor and at most 64 KiB, in one read once it is open", async () => {
    const source = new CountingSource(file);
    const opened = await openSafetensors(source);
    expect(source.reads).toHaveLength(1);
    await opened.tensor("t50");
    expect(source.reads).toHaveLength(2);
    expect(source.bytesRead).toBeLessThanOrEqual(header + 256 * KIB + SLACK);
  });

  it("costs only its rows when a slice is read", async () => {
    const source = new CountingSource(save({ table: new Tensor("U8", [1024, KIB], new Uint8Array(MIB)) }));
    const opened = await openSafetensors(source);
    const before = source.bytesRead;
    await opened.slice("table", [[100, 110]]);
    expect(source.bytesRead - before).toBe(10 * KIB);
  });

  it("is read at once where tensors lie side by side, alone where they lie apart", async () => {
    for (const [select, reads] of [
      [["t10", "t11", "t12"], 1],
      [["t10", "t50", "t90"], 3],
    ] as const) {
      const source = new CountingSource(file);
      const opened = await openSafetensors(source);
      const before = source.reads.length;
      for await (const _ of opened.tensors(select)) {
        // only what is read counts
      }
      expect(source.reads.length - before).toBe(reads);
    }
  });

  it("is all that is read for a template, a selection and a lazy tree", async () => {
    const template = new CountingSource(file);
    await loadIntoPytree({ t7: new Uint8Array(256 * KIB) }, template, { match: "name" });
    const selection = new CountingSource(file);
    await loadPytree(selection, { select: (name) => name === "t7" });
    for (const source of [template, selection]) {
      expect(source.bytesRead).toBeLessThanOrEqual(header + 256 * KIB + SLACK);
    }
    const lazy = new CountingSource(file);
    await loadPytree(lazy, { lazy: true });
    expect(lazy.bytesRead).toBeLessThanOrEqual(header + SLACK);
  });
});

describe("a file over HTTP", () => {
  let server: Server;
  let requests: string[] = [];
  let sent = 0;
  afterEach(() => server.close());

  async function serve(file: Uint8Array): Promise<string> {
    requests = [];
    sent = 0;
    server = createServer((request, response) => {
      const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "bytes=0-")!;
      const start = Number(first);
      const end = last ? Math.min(Number(last) + 1, file.byteLength) : file.byteLength;
      requests.push(`${start}-${end}`);
      sent += end - start;
      response.writeHead(206, {
        "content-range": `bytes ${start}-${end - 1}/${file.byteLength}`,
        "content-length": end - start,
        etag: '"one"',
      });
      response.end(file.subarray(start, end));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.safetensors`;
  }

  it("takes one request to open and one for a tensor, and no more bytes than these have", async () => {
    const file = save(tensors(50, 200 * KIB));
    const url = await serve(file);
    const opened = await openSafetensors(url);
    expect(requests).toHaveLength(1);
    const tensor = await opened.tensor("t20");
    expect(tensor.data[0]).toBe(20);
    expect(requests).toHaveLength(2);
    expect(sent).toBeLessThanOrEqual(headerBytes(file) + 200 * KIB + SLACK);
    await opened.close();
  });

  it("takes one request more for a header that is longer than the first", async () => {
    const url = await serve(save(tensors(3_000, 1)));
    const opened = await openSafetensors(url);
    expect(opened.names).toHaveLength(3_000);
    expect(requests).toHaveLength(2);
    await opened.close();
  });
});
