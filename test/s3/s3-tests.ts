// What the S3 store promises, against servers that the world runs.
import { s3Store } from "pytree2safetensors/s3";
import { describe, equal, it, ok, rejects } from "../runtimes/harness.ts";
import { pattern } from "../runtimes/support.ts";
import type { S3Server } from "./servers.ts";
import { keysOf, readAll, storeOf, uploadsOf, write } from "./support.ts";

const MIB = 2 ** 20;

export function s3Tests(server: S3Server): void {
  const big = pattern(21 * MIB + 5);

  describe(`${server.name} as a store`, () => {
    it("keeps small objects and large ones, byte for byte, announced or not", async () => {
      const store = storeOf(server, "bytes");
      for (const length of [0, 1, 65_536, 5 * MIB, 8 * MIB, 8 * MIB + 1, 16 * MIB, big.length]) {
        for (const announce of [true, false]) {
          await write(store, "object", big.subarray(0, length), { announce });
          equal(await readAll(store, "object"), big.subarray(0, length), `${length} bytes`);
        }
      }
      equal(await uploadsOf(server), [], "uploads");
    });

    it("keeps keys of any characters, and lists them as they are", async () => {
      const store = storeOf(server, "odd (1)/+é");
      const keys = ["a", "a b", "a+b", "a%20b", "é/ü", "q?x=1&y#z", "!*'()~", "日本", "x;y=z,w@v:u$", '"<&>'];
      for (const key of keys) await write(store, key, pattern(10, key.length));
      equal(await keysOf(store), [...keys].sort(), "keys");
      for (const key of keys) equal(await readAll(store, key), pattern(10, key.length), key);
    });

    it("lists beyond the thousand that one answer has", async () => {
      const store = storeOf(server, "many");
      const keys = Array.from({ length: 1203 }, (_, i) => `step-${String(i).padStart(5, "0")}`);
      for (let at = 0; at < keys.length; at += 50) {
        await Promise.all(keys.slice(at, at + 50).map((key) => write(store, key, pattern(1))));
      }
      equal(await keysOf(store), keys, "keys");
      equal(await keysOf(store, "step-0000"), keys.slice(0, 10), "of a prefix");
    });

    it("removes objects, and minds none that are gone", async () => {
      const store = storeOf(server, "removal");
      await write(store, "a", pattern(3));
      await store.remove("a");
      await store.remove("a");
      equal(await keysOf(store), [], "keys");
      const error = await rejects(() => store.source("a"), "HttpError");
      ok(/removal\/a: .*404 NoSuchKey/.test(error.message), error.message);
    });

    it("never reads of two versions", async () => {
      const store = storeOf(server, "versions");
      await write(store, "a", big.subarray(0, 200_000));
      const source = await store.source("a");
      await source.read(100_000, 100_010);
      await write(store, "a", pattern(200_000, 9));
      await rejects(() => source.read(100_010, 100_020), "SourceChanged");
    });

    it("makes an object only if it is new, where asked, small or large", async () => {
      const store = storeOf(server, "fresh", { isNew: true });
      for (const [key, length] of [
        ["small", 1000],
        ["large", 9 * MIB],
      ] as const) {
        await write(store, key, big.subarray(0, length));
        const error = await rejects(() => write(store, key, pattern(length, 2)), "WriteError");
        ok(/an object with this key already exists/.test(error.message), error.message);
        equal(await readAll(store, key), big.subarray(0, length), key);
      }
      equal(await uploadsOf(server), [], "uploads");
    });

    it("shows nothing of a write before it is closed, and leaves nothing of one that is aborted", async () => {
      const store = storeOf(server, "aborted");
      const sink = await store.sink("a");
      await sink.begin?.(big.length);
      await sink.write(big.subarray(0, 20 * MIB));
      equal(await keysOf(store), [], "keys before");
      await sink.abort?.(new Error("enough"));
      equal(await keysOf(store), [], "keys after");
      equal(await uploadsOf(server), [], "uploads");
    });

    it("stops at once for a signal, and leaves nothing", async () => {
      const store = storeOf(server, "signal");
      const controller = new AbortController();
      const sink = await store.sink("a", { signal: controller.signal });
      await sink.begin?.(big.length);
      await sink.write(big.subarray(0, 9 * MIB));
      controller.abort(new Error("enough"));
      await rejects(() => sink.write(big.subarray(9 * MIB)), "Error");
      await sink.abort?.(controller.signal.reason);
      equal(await uploadsOf(server), [], "uploads");
    });

    it("renews credentials before they expire, and once after they were refused", async () => {
      let asked = 0;
      const credentials = () => {
        asked++;
        return { ...server.credentials, expiration: new Date(Date.now() + (asked === 1 ? 1 : 3_600_000)) };
      };
      const store = storeOf(server, "renewed", { credentials });
      await write(store, "a", pattern(10));
      await new Promise((resolve) => setTimeout(resolve, 5));
      await Promise.all([readAll(store, "a"), readAll(store, "a")]);
      equal(asked, 2, "calls");
    });

    it("says what is wrong in S3's words, with the way out", async () => {
      const nowhere = s3Store({
        bucket: "no-such-bucket",
        endpoint: server.url,
        credentials: server.credentials,
      });
      const error = await rejects(() => write(nowhere, "a", pattern(10)), "HttpError");
      ok(/404 NoSuchBucket: .*create it first/.test(error.message), error.message);
    });
  });
}
