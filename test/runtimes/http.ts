import { loadFile, loadPytree, openSafetensors, save, savePytree, serialize } from "pytree2safetensors";
import { describe, equal, it, ok, rejects } from "./harness.ts";
import type { LoggedRequest } from "./server.ts";
import { MemorySink, model } from "./support.ts";

/** What the server of `server.ts` at `base` was asked since the last call. */
export async function takeLog(base: string): Promise<LoggedRequest[]> {
  return (await fetch(`${base}/log`)).json();
}

export async function put(base: string, name: string, bytes: Uint8Array): Promise<void> {
  const response = await fetch(`${base}/files/${name}`, {
    method: "PUT",
    body: bytes as Uint8Array<ArrayBuffer>,
  });
  ok(response.ok, `PUT ${name} gives ${response.status}`);
}

async function modelBytes(): Promise<Uint8Array> {
  const sink = new MemorySink();
  await savePytree(model(), sink);
  return sink.bytes;
}

/** Reading over HTTP from the server at `base`: the same everywhere that has `fetch`. */
export function httpTests(base: string): void {
  describe("HTTP", () => {
    it("opens with one request, and reads one tensor with one more", async () => {
      await put(base, "model.safetensors", await modelBytes());
      await takeLog(base);
      const file = await openSafetensors(`${base}/files/model.safetensors`);
      const opening = await takeLog(base);
      equal(opening.length, 1, "requests at open");
      ok(opening[0]!.bytes <= 65_536, "bytes at open");
      const tensor = await file.tensor("@embedding");
      ok(tensor.equals(model().embedding), "values");
      const reading = await takeLog(base);
      equal(reading.length, 1, "requests of a tensor");
      ok(reading[0]!.bytes <= tensor.byteLength, "bytes of a tensor");
      const row = await file.slice("@embedding", [400]);
      equal(row.data, model().embedding.data.slice(400 * 96, 401 * 96), "row");
      equal(
        (await takeLog(base)).map(({ bytes }) => bytes),
        [384],
        "bytes of a row",
      );
      await file.close();
    });

    it("loads whole trees, given a string, a URL or one that redirects", async () => {
      await put(base, "model.safetensors", await modelBytes());
      equal(await loadPytree(`${base}/files/model.safetensors`), model(), "string");
      equal(await loadPytree(new URL(`${base}/files/model.safetensors`)), model(), "URL");
      equal(await loadPytree(`${base}/redirect/model.safetensors`), model(), "redirect");
    });

    it("reads whole what a server gives only whole, and what is already fetched", async () => {
      await put(base, "model.safetensors", await modelBytes());
      equal(await loadPytree(`${base}/noranges/model.safetensors`), model(), "no ranges");
      equal(await loadPytree(await fetch(`${base}/files/model.safetensors`)), model(), "Response");
    });

    it("goes on where a connection broke", async () => {
      await put(base, "model.safetensors", await modelBytes());
      await takeLog(base);
      equal(await loadPytree(`${base}/breaking/model.safetensors`), model(), "tree");
      ok((await takeLog(base)).length > 2, "one request to open, one to read, and those that broke");
    });

    it("never mixes two versions of a file", async () => {
      await put(base, "model.safetensors", await modelBytes());
      const file = await openSafetensors(`${base}/changing/model.safetensors`);
      await rejects(() => file.tensor("@embedding"), "SourceChanged");
    });

    it("names a file that is not there", async () => {
      const error = await rejects(() => openSafetensors(`${base}/files/nothing`), "HttpError");
      equal((error as Error & { status: number }).status, 404, "status");
    });

    it("sends headers of the caller, through a fetch of the caller", async () => {
      await put(base, "model.safetensors", await modelBytes());
      const seen: (string | null)[] = [];
      await loadFile(`${base}/files/model.safetensors`, {
        headers: { authorization: "Bearer of-tests" },
        fetch: (url, init) => {
          const headers = new Headers(init.headers);
          seen.push(headers.get("authorization"));
          headers.delete("authorization"); // it would ask for leave across origins
          return fetch(url, { ...init, headers });
        },
      });
      ok(seen.length > 0 && seen.every((value) => value === "Bearer of-tests"), "on each request");
    });

    it("stops at once when aborted, and gives up a server that stalls", async () => {
      await put(base, "model.safetensors", await modelBytes());
      const file = await openSafetensors(`${base}/stalled/model.safetensors`, { retries: 0, timeout: 300 });
      const controller = new AbortController();
      const reading = file.tensor("@embedding", { signal: controller.signal });
      setTimeout(() => controller.abort(), 20);
      await rejects(() => reading, "AbortError");
      await rejects(() => file.tensor("@embedding"), "Timeout");
    });

    it("opens sharded checkpoints by the URL of their index", async () => {
      const first = save({ "@a": model().embedding });
      const second = save({ "@b": model().layers[0]!.w });
      await put(base, "sharded/model-00001-of-00002.safetensors", first);
      await put(base, "sharded/model-00002-of-00002.safetensors", second);
      const index = {
        metadata: { total_size: model().embedding.byteLength + 4096 },
        weight_map: { "@a": "model-00001-of-00002.safetensors", "@b": "model-00002-of-00002.safetensors" },
      };
      await put(
        base,
        "sharded/model.safetensors.index.json",
        new TextEncoder().encode(JSON.stringify(index)),
      );
      const url = `${base}/files/sharded/model.safetensors.index.json`;
      equal(await loadPytree(url), { a: model().embedding, b: model().layers[0]!.w }, "tree");
      const file = await openSafetensors(url);
      await takeLog(base);
      ok((await file.tensor("@b")).equals(model().layers[0]!.w), "from the second shard");
      ok(
        (await takeLog(base)).every(({ path }) => path.includes("00002")),
        "nothing else is asked for",
      );
    });

    it("uploads what it serializes", async () => {
      const blob = await (await serialize(model())).blob();
      const response = await fetch(`${base}/files/uploaded.safetensors`, { method: "PUT", body: blob });
      ok(response.ok, "uploaded");
      equal(await loadPytree(`${base}/files/uploaded.safetensors`), model(), "tree");
    });
  });
}

/** Uploading as a stream, which pages can do over HTTP/2 only. */
export function streamUploadTest(base: string): void {
  describe("HTTP", () => {
    it("uploads a tree as a stream", async () => {
      const init = { method: "PUT", body: (await serialize(model())).stream(), duplex: "half" };
      const response = await fetch(`${base}/files/streamed.safetensors`, init as RequestInit);
      ok(response.ok, "uploaded");
      equal(await loadPytree(`${base}/files/streamed.safetensors`), model(), "tree");
    });
  });
}
