import { describe, expect, it } from "vitest";
import { openSink } from "../../src/io/open-sink.ts";
import { openPlace, openSource } from "../../src/io/open-source.ts";
import { openStore, openWritableStore } from "../../src/io/open-store.ts";
import "../../src/io/platform.node.ts";
import { registerScheme } from "../../src/io/schemes.ts";
import { memoryStore } from "../../src/io/stores/memory.ts";
import { get, put } from "./store-tests.ts";
import { failure } from "./support.ts";

const text = (value: string) => new TextEncoder().encode(value);

describe("an address of a service that nothing was registered for", () => {
  it.each(["s3://bucket/model.safetensors", "S3://bucket/"])("names what sets it up: %s", async (address) => {
    for (const open of [openSource, openSink, openStore, openWritableStore]) {
      const error = await failure(() => open(address));
      expect(error.code).toMatch(/^Unsupported(Source|Sink)$/);
      expect(error.message).toContain('call `registerS3()` of "pytree2safetensors/s3"');
    }
  });

  it("is for reading only, where it is the hub's", async () => {
    for (const open of [openSink, openWritableStore]) {
      const error = await failure(() => open("hf://owner/repo/model.safetensors"));
      expect(error.code).toBe("UnsupportedSink");
      expect(error.message).toContain("docs/recipes/hub.md");
    }
  });

  it.each(["gs://bucket/x", "az://c/x", "ftp://host/x", "git+ssh://host/x"])(
    "is named, and is not taken for a path: %s",
    async (address) => {
      const scheme = address.replace(/:.*/, "");
      for (const open of [openSource, openSink, openStore]) {
        const error = await failure(() => open(address));
        expect(error.code).toMatch(/^Unsupported(Source|Sink)$/);
        expect(error.message).toContain(`the scheme ${scheme}:// is not known here`);
      }
      expect((await failure(() => openSource(new URL(address)))).message).toContain("is not known here");
    },
  );

  it("leaves paths with colons what they are", async () => {
    for (const path of ["c:/none.safetensors", "none:model", "./s3:/none"])
      expect((await failure(() => openSource(path))).code).toBe("IoError");
  });
});

describe("an address of a service that was registered", () => {
  const store = memoryStore();
  const asked: unknown[] = [];
  registerScheme("test-mem", (address, options) => {
    asked.push(options.headers ?? options.flush);
    const key = address.slice("test-mem://".length);
    return key === "" || key.endsWith("/") ? { store } : { store, key };
  });

  it("is a source, a sink, and a store", async () => {
    const { sink } = await openSink("test-mem://a/b", { flush: false });
    await sink.write(text("hello"));
    await sink.close();
    const headers = { authorization: "secret" };
    const opened = await openSource("test-mem://a/b", { headers });
    expect(await opened.source.read(0, 5)).toEqual(text("hello"));
    expect(opened.folder).toBe(store);
    expect(asked).toEqual([false, headers]);
    expect(await openPlace("TEST-MEM://a/")).toBe(store);
    expect(await openStore(new URL("test-mem://a/"))).toBe(store);
    await put(store, "c", text("c"));
    expect(await get(await openWritableStore("test-mem://"), "c")).toEqual(text("c"));
  });

  it("is a folder or a file, as the call needs it", async () => {
    expect((await failure(() => openSink("test-mem://a/"))).message).toContain("it is a folder");
    expect(await openStore("test-mem://a/b")).toBe(store);
    registerScheme("test-file", () => ({ store, key: "a/b" }));
    expect((await failure(() => openStore("test-file://a/b"))).message).toContain("not a folder");
  });
});
