/** What every store that can be written promises; each kind of store runs these tests. */
import { describe, expect, it } from "vitest";
import { openSinkIn } from "../../src/io/open-sink.ts";
import { openPlace, openSource, openSourceIn } from "../../src/io/open-source.ts";
import { openStore } from "../../src/io/open-store.ts";
import type { Folder, Store } from "../../src/io/types.ts";
import { failure, pattern } from "./support.ts";

const BYTES = pattern(2_500_000);
const text = (value: string) => new TextEncoder().encode(value);

export async function put(store: Store, key: string, bytes: Uint8Array): Promise<void> {
  const sink = await openSinkIn(store, key);
  await sink.begin(bytes.length);
  for (let at = 0; at < bytes.length; at += 999_999) await sink.write(bytes.subarray(at, at + 999_999));
  await sink.close();
}

export async function get(store: Folder, key: string): Promise<Uint8Array> {
  const { source, close } = await openSourceIn(store, key);
  try {
    return await source.read(0, source.size);
  } finally {
    await close();
  }
}

export async function keys(store: Store, prefix?: string, shallow?: boolean): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix, { shallow })) found.push(key);
  return found;
}

/** @param make A fresh store with nothing in it. */
export function storeTests(make: () => Promise<Store>): void {
  describe("as a store", () => {
    it("gives back what was written, under keys with subfolders too", async () => {
      const store = await make();
      await put(store, "a", text("one"));
      await put(store, "deep/er/b.safetensors", BYTES);
      expect(await get(store, "a")).toEqual(text("one"));
      expect(Buffer.compare(await get(store, "deep/er/b.safetensors"), BYTES)).toBe(0);
      expect(await get(store, "a")).toEqual(text("one"));
    });

    it("lists keys by prefix, all or those of one folder, with sizes and times", async () => {
      const store = await make();
      for (const key of ["b", "a", "ab", "folder/a", "folder/deep/a", "other/x"])
        await put(store, key, text(key));
      expect((await keys(store)).sort()).toEqual(["a", "ab", "b", "folder/a", "folder/deep/a", "other/x"]);
      expect(await keys(store, "", true)).toEqual(["a", "ab", "b"]);
      expect(await keys(store, "a", true)).toEqual(["a", "ab"]);
      expect(await keys(store, "fold")).toEqual(["folder/a", "folder/deep/a"]);
      expect(await keys(store, "fold", true)).toEqual([]);
      expect(await keys(store, "folder/", true)).toEqual(["folder/a"]);
      expect(await keys(store, "none")).toEqual([]);
      for await (const { key, size, modified } of store.list()) {
        expect(size).toBe(key.length);
        expect(modified).toBeGreaterThan(0);
      }
    });

    it("shows what is written only once it is whole, and an aborted save never", async () => {
      const store = await make();
      const sink = await openSinkIn(store, "new");
      await sink.write(BYTES);
      expect(await keys(store)).toEqual([]);
      await expect(Promise.resolve().then(() => store.source("new"))).rejects.toThrow();
      await sink.abort("enough");
      expect(await keys(store)).toEqual([]);

      await put(store, "old", text("old"));
      const replacing = await openSinkIn(store, "old");
      await replacing.write(BYTES);
      expect(await get(store, "old")).toEqual(text("old"));
      await replacing.close();
      expect(Buffer.compare(await get(store, "old"), BYTES)).toBe(0);
      const controller = new AbortController();
      const aborted = await openSinkIn(store, "old", { signal: controller.signal });
      await aborted.write(text("new"));
      controller.abort("enough");
      await expect(aborted.close()).rejects.toBe("enough");
      expect((await get(store, "old")).length).toBe(BYTES.length);
    });

    it("removes keys, also such as aren't there", async () => {
      const store = await make();
      await put(store, "a/b", text("x"));
      await store.remove("a/b");
      await store.remove("a/b");
      await store.remove("none/such");
      expect(await keys(store)).toEqual([]);
    });

    it("names a key that isn't there", async () => {
      const store = await make();
      const error = await failure(() => openSourceIn(store, "none/such.safetensors"));
      expect(error).toMatchObject({ code: "IoError" });
      expect(error.message).toContain("such.safetensors");
    });

    it.each(["", ".", "..", "../x", "a/../b", "/a", "a//b", "a/", "c:\\x", "a\\b", "%2e%2e/x", "a\0", " /a"])(
      "refuses the key %j wherever a key is taken",
      async (key) => {
        const store = await make();
        for (const use of [
          () => store.source(key),
          () => store.sink(key),
          () => store.remove(key),
          () => openSourceIn(store, key),
          () => openSinkIn(store, key),
        ])
          expect((await failure(use)).code).toBe("InvalidArgument");
      },
    );

    it("is a place that opens as itself, and no file", async () => {
      const store = await make();
      expect(await openStore(store)).toBe(store);
      expect(await openPlace(store)).toBe(store);
      expect(await failure(() => openSource(store))).toMatchObject({ code: "IoError" });
      await put(store, "a", text("a"));
      const opened = await openSourceIn(store, "a");
      expect(opened.folder).toBe(store);
      await opened.close();
    });
  });
}
