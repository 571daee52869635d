// S3 from a page and from a worker, across origins: the server must allow it, and show `ETag` and `Content-Range`.
import { loadPytree, openSafetensors, savePytree } from "pytree2safetensors";
import { registerS3, s3Store } from "pytree2safetensors/s3";
import { describe, equal, it, rejects } from "../runtimes/harness.ts";
import { model, pattern } from "../runtimes/support.ts";

/** What the runner tells of its S3 server. */
export interface S3Config {
  readonly url: string;
  readonly bucket: string;
  /** What the keys of this browser begin with. */
  readonly prefix: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** @param where What keeps the keys of the page and of the worker apart. */
export function s3PageTests({ url, bucket, credentials, prefix }: S3Config, where: string): void {
  const place = `${prefix}/${where}`;
  const options = { bucket, endpoint: url, credentials, prefix: place };

  describe("S3 across origins", () => {
    it("is written in one request and in parts, and read in ranges", async () => {
      const store = s3Store(options);
      for (const length of [1000, 21 * 2 ** 20 + 5]) {
        const bytes = pattern(length);
        const sink = await store.sink("object");
        await sink.begin?.(length);
        await sink.write(bytes);
        await sink.close();
        const source = await store.source("object");
        equal(await source.read(0, length), bytes, `${length} bytes`);
      }
    });

    it("lists, removes, and says what is not there", async () => {
      const store = s3Store({ ...options, prefix: `${place}/list` });
      const sink = await store.sink("a b+ü");
      await sink.write(pattern(3));
      await sink.close();
      const keys: string[] = [];
      for await (const { key } of store.list()) keys.push(key);
      equal(keys, ["a b+ü"], "keys");
      await store.remove("a b+ü");
      await rejects(() => store.source("a b+ü"), "HttpError");
    });

    it("never reads of two versions", async () => {
      const store = s3Store(options);
      const write = async (seed: number) => {
        const sink = await store.sink("changing");
        await sink.write(pattern(200_000, seed));
        await sink.close();
      };
      await write(1);
      const source = await store.source("changing");
      await write(2);
      await rejects(() => source.read(100_000, 100_010), "SourceChanged");
    });

    it("is an address for whole trees", async () => {
      registerS3({ endpoint: url, credentials });
      const address = `s3://${bucket}/${place}/model.safetensors`;
      await savePytree(model(), address);
      equal(await loadPytree(address), model(), "tree");
      const file = await openSafetensors(address);
      equal((await file.tensor("@layers#3@w")).data, model().layers[3]!.w.data, "a tensor");
    });
  });
}
