import { chmodSync, copyFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadPytree, openSafetensors, save, savePytree, type Tensor } from "pytree2safetensors";
import { describe, equal, it, ok, rejects } from "../runtimes/harness.ts";
import { model } from "../runtimes/support.ts";
import type { Nginx } from "./nginx.ts";

/** Reading from a server that the world runs. `data/model.safetensors` is the model of the runtimes' suite. */
export function nginxTests(nginx: Nginx): void {
  const data = (name: string) => join(nginx.folder, "data", name);
  const write = (name = "model.safetensors") => savePytree(model(), data(name));

  describe("nginx", () => {
    it("is asked once to open and once for a tensor, under the condition that the file is the same", async () => {
      await write();
      await nginx.takeLog();
      const file = await openSafetensors(`${nginx.url}/data/model.safetensors`);
      const [opening, ...more] = await nginx.takeLog();
      equal(more, [], "more requests");
      equal(opening!.status, 206, "status");
      equal(opening!.bytes, 65_536, "bytes");
      ok((await file.tensor("@embedding")).equals(model().embedding), "values");
      const [reading, ...others] = await nginx.takeLog();
      equal(others, [], "more requests");
      ok(reading!.ifRange !== "", "If-Range");
      ok(reading!.bytes <= model().embedding.byteLength, "bytes");
    });

    it("gives whole trees and slices", async () => {
      await write();
      const url = `${nginx.url}/data/model.safetensors`;
      equal(await loadPytree(url), model(), "tree");
      const file = await openSafetensors(url);
      await nginx.takeLog();
      const rows = await file.slice("@embedding", [[500, 502]]);
      equal(rows.data, model().embedding.data.slice(500 * 96, 502 * 96), "rows");
      equal(
        (await nginx.takeLog()).map(({ bytes }) => bytes),
        [768],
        "bytes of the rows",
      );
    });

    it("redirects within its origin and beyond", async () => {
      await write();
      equal(await loadPytree(`${nginx.url}/moved/model.safetensors`), model(), "within");
      equal(await loadPytree(`${nginx.url}/away/model.safetensors`), model(), "beyond");
      await rejects(() => loadPytree(`${nginx.url}/loop/model.safetensors`, { retries: 0 }), "HttpError");
    });

    it("is not let compress: ranges count the file's own bytes", async () => {
      await write();
      await nginx.takeLog();
      equal(await loadPytree(`${nginx.url}/gzip/model.safetensors`), model(), "tree");
      ok(
        (await nginx.takeLog()).every(({ status }) => status === 206),
        "ranges all the way",
      );
    });

    it("may give the file only whole", async () => {
      await write();
      await nginx.takeLog();
      equal(await loadPytree(`${nginx.url}/whole/model.safetensors`), model(), "tree");
      equal(
        (await nginx.takeLog()).map(({ status }) => status),
        [200],
        "one request",
      );
    });

    it("serves another file under the name: SourceChanged, and never a mixture", async () => {
      await write("changing.safetensors");
      const file = await openSafetensors(`${nginx.url}/data/changing.safetensors`);
      writeFileSync(data("next"), save({ "@embedding": model().embedding, "@x": model().embedding }));
      renameSync(data("next"), data("changing.safetensors"));
      await rejects(() => file.tensor("@embedding"), "SourceChanged");
    });

    it("serves a file that became shorter, where the range is beyond its end: SourceChanged", async () => {
      await write("shrinking.safetensors");
      const file = await openSafetensors(`${nginx.url}/data/shrinking.safetensors`);
      writeFileSync(data("next"), new Uint8Array(10));
      renameSync(data("next"), data("shrinking.safetensors"));
      await nginx.takeLog();
      const reading = file.slice("@embedding", [511]);
      await rejects(() => reading, "SourceChanged");
    });

    it("answers 416 for an empty file, which is no safetensors file", async () => {
      writeFileSync(data("empty.safetensors"), "");
      await rejects(() => openSafetensors(`${nginx.url}/data/empty.safetensors`), "HeaderTooSmall");
    });

    it("serves a compressed file as it is, which is no safetensors file", async () => {
      writeFileSync(data("model.safetensors.gz"), gzipSync(save({ x: model().embedding })));
      await rejects(() => openSafetensors(`${nginx.url}/data/model.safetensors.gz`), "InvalidHeaderLength");
    });

    it("says 404 for a missing file and 403 for a forbidden one: errors with the status, at once", async () => {
      await write("forbidden.safetensors");
      chmodSync(data("forbidden.safetensors"), 0);
      for (const [path, status] of [
        ["data/nothing", 404],
        ["data/forbidden.safetensors", 403],
      ] as const) {
        const error = await rejects(() => openSafetensors(`${nginx.url}/${path}`), "HttpError");
        equal((error as Error & { status: number }).status, status, path);
      }
    });

    it("is not asked for a folder, which HTTP can't list", async () => {
      await nginx.takeLog();
      const error = await rejects(() => openSafetensors(`${nginx.url}/data/`), "UnsupportedSource");
      ok(/name the file in it/.test(error.message), error.message);
      equal(await nginx.takeLog(), [], "requests");
    });

    it("serves sharded checkpoints, copied here by any tool", async () => {
      await savePytree(model(), data("sharded"), { maxShardSize: "100kB" });
      copyFileSync(data("sharded/model.safetensors.index.json"), data("sharded/renamed.json"));
      equal(await loadPytree(`${nginx.url}/data/sharded/renamed.json`), model(), "tree");
      const file = await openSafetensors(`${nginx.url}/data/sharded/model.safetensors.index.json`);
      await nginx.takeLog();
      const tensor: Tensor = await file.tensor("@layers#7@w");
      ok(tensor.equals(model().layers[7]!.w), "values");
      ok((await nginx.takeLog()).length <= 1, "requests of one tensor");
    });

    it("serves many tensors at a time from one connection pool", async () => {
      await write();
      const file = await openSafetensors(`${nginx.url}/data/model.safetensors`);
      const tensors = await Promise.all(file.names.map((name) => file.tensor(name)));
      equal(
        tensors.map((tensor) => tensor.byteLength).reduce((sum, bytes) => sum + bytes, 0),
        246_528,
        "bytes",
      );
    });
  });
}
