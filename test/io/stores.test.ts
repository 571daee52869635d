import { readlinkSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openSinkIn } from "../../src/io/open-sink.ts";
import { openPlace, openSource, openSourceIn } from "../../src/io/open-source.ts";
import { openStore } from "../../src/io/open-store.ts";
import "../../src/io/platform.node.ts";
import { memoryStore } from "../../src/io/stores/memory.ts";
import type { Store } from "../../src/io/types.ts";
import { answer, serve } from "./server.ts";
import { get, keys, put, storeTests } from "./store-tests.ts";
import { failure, freshFolder, openFilesIn, pattern } from "./support.ts";

const BYTES = pattern(200_000);

describe("a folder", () => {
  storeTests(async () => openStore(join(await freshFolder(), "not", "yet", "there")));

  it("opens by path and by file: URL, to read as well", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "a"), "a");
    for (const place of [folder, `${folder}/`, pathToFileURL(folder), `${pathToFileURL(folder)}/`]) {
      expect(await keys(await openStore(place))).toEqual(["a"]);
      const opened = (await openPlace(place)) as Store;
      expect(Buffer.from(await get(opened, "a")).toString()).toBe("a");
      expect((await failure(() => openSource(place))).message).toMatch(/it is a folder; name a file in it$/);
    }
    expect(openFilesIn(folder)).toEqual([]);
  });

  it.skipIf(process.platform !== "linux")(
    "has the folders that it makes on the disk, by default",
    async () => {
      const folder = await freshFolder();
      const handle = await open(folder);
      const synced: string[] = [];
      const { sync } = Object.getPrototypeOf(handle);
      const spy = vi.spyOn(Object.getPrototypeOf(handle), "sync").mockImplementation(function (
        this: FileHandle,
      ) {
        synced.push(relative(folder, readlinkSync(`/proc/self/fd/${this.fd}`)) || ".");
        return sync.call(this);
      });
      onTestFinished(() => spy.mockRestore());
      await handle.close();
      const store = await openStore(join(folder, "runs/7"));
      await put(store, "step-1/a", BYTES);
      expect(synced.slice(0, 3)).toEqual(["runs/7", "runs", "."]);
      expect(synced.at(-1)).toBe("runs/7/step-1");
      synced.length = 0;
      await put(store, "step-1/b", BYTES);
      expect(synced.filter((path) => !path.includes(".tmp"))).toEqual(["runs/7/step-1"]);
      synced.length = 0;
      const sink = await store.sink("step-2/c", { flush: false });
      await sink.close();
      expect(synced).toEqual([]);
    },
  );

  it("leaves temporary files to `pending`, which clears those of dead saves", async () => {
    const folder = await freshFolder();
    const store = await openStore(folder);
    const sink = await openSinkIn(store, "sub/slow");
    await sink.write(BYTES);
    const [temporary] = await readdir(join(folder, "sub"));
    const dead = temporary!.replace("slow", "dead").replace(`-${process.pid}-`, "-99999999-");
    const foreign = dead.replace(/p2s-[0-9a-f]{8}/, "p2s-00000000");
    for (const name of [dead, foreign, dead.replace("dead", "young")])
      await writeFile(join(folder, "sub", name), "x");
    for (const name of [dead, foreign]) await utimes(join(folder, "sub", name), 0, 0);
    expect(await keys(store)).toEqual([]);
    const pending: string[] = [];
    for await (const { key } of store.pending!("sub/")) pending.push(key);
    expect(pending.sort()).toEqual(["sub/dead", "sub/slow", "sub/young"]);
    expect(await readdir(join(folder, "sub"))).not.toContain(dead);
    expect(await readdir(join(folder, "sub"))).toContain(foreign);
    await sink.close();
    expect(await keys(store)).toEqual(["sub/slow"]);
  });

  it("follows links to files, and lists no folders behind links", async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, "real"));
    await writeFile(join(folder, "real/a"), "a");
    await symlink("real/a", join(folder, "link"));
    await symlink(".", join(folder, "loop"));
    await symlink("nowhere", join(folder, "dangling"));
    expect(await keys(await openStore(folder))).toEqual(["link", "real/a"]);
  });

  it("is what lies beside a file that was opened", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "index"), "index");
    await writeFile(join(folder, "shard"), "shard");
    const index = await openSource(join(folder, "index"));
    expect(Buffer.from(await get(index.folder!, "shard")).toString()).toBe("shard");
    await index.close();
  });
});

describe("memory", () => {
  storeTests(async () => memoryStore());

  it("takes a copy of what is written", async () => {
    const store = memoryStore();
    const bytes = BYTES.slice();
    await put(store, "a", bytes);
    bytes.fill(0);
    expect(await get(store, "a")).toEqual(BYTES);
  });
});

describe("a server's folder", () => {
  async function served() {
    return serve((request, response) => {
      if (request.url!.startsWith("/models/a/")) answer(BYTES, request, response);
      else response.writeHead(404).end();
    });
  }

  it("opens by a URL that ends in a slash, and reads keys below it", async () => {
    const server = await served();
    const base = server.url.replace("model.safetensors", "models/a/");
    const store = (await openPlace(base)) as Store;
    expect(server.requests).toHaveLength(0);
    expect(await get(store, "deep/b c")).toEqual(BYTES);
    expect(server.requests[0]!.url).toBe("/models/a/deep/b%20c");
    expect(await failure(() => openSource(base))).toMatchObject({ code: "IoError" });
  });

  it("is a folder for openStore however its URL ends, and keeps the query", async () => {
    const server = await served();
    const store = await openStore(server.url.replace("model.safetensors", "models/a?sas=1"));
    await get(store, "b");
    expect(server.requests[0]!.url).toBe("/models/a/b?sas=1");
    expect(store.name).toMatch(/\/models\/a\?…$/);
  });

  it("sends the options of the request along", async () => {
    const server = await served();
    const headers = { authorization: "Bearer token" };
    const store = await openStore(server.url.replace("model.safetensors", "models/a/"), { headers });
    await get(store, "b");
    expect(server.requests[0]!.headers.authorization).toBe("Bearer token");
  });

  it("can't be listed, written or cleared, and says so", async () => {
    const store = await openStore("http://host/folder/");
    expect(await failure(() => keys(store))).toMatchObject({
      code: "UnsupportedSource",
      message: expect.stringMatching(
        /^http:\/\/host\/folder\/: can't list a folder over HTTP; name the file/,
      ),
    });
    expect(await failure(() => store.sink("a"))).toMatchObject({ code: "UnsupportedSink" });
    expect(await failure(() => store.remove("a"))).toMatchObject({ code: "UnsupportedSink" });
    expect(await failure(() => openSourceIn(store, "../a"))).toMatchObject({ code: "InvalidArgument" });
  });
});
