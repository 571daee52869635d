import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPytree, openSafetensors, pytree2dict, save, savePytree, Tensor } from "pytree2safetensors";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openSource } from "../../../src/io/open-source.ts";
import { openStore } from "../../../src/io/open-store.ts";
import { hubName, parseHubAddress, resolveUrl, treeUrl } from "../../../src/io/stores/hub/address.ts";
import { readHubOptions } from "../../../src/io/stores/hub/environment.node.ts";
import { serve } from "../server.ts";
import { failure, freshFolder, pattern } from "../support.ts";
import { COMMIT, startHub } from "./hub-double.ts";

afterEach(() => vi.unstubAllEnvs());

describe("parseHubAddress", () => {
  it.each([
    ["hf://o/r", "model", "o/r", "main", "", undefined],
    ["hf://o/r/", "model", "o/r", "main", "", undefined],
    ["hf://o/r/a.safetensors", "model", "o/r", "main", "", "a.safetensors"],
    ["hf://o/r@v1.0/a/b c.safetensors", "model", "o/r", "v1.0", "a/", "b c.safetensors"],
    ["hf://datasets/o/r/x/", "dataset", "o/r", "main", "x/", undefined],
    ["hf://spaces/o/r@main/x", "space", "o/r", "main", "", "x"],
    ["hf://o/r@refs/pr/12/m.safetensors", "model", "o/r", "refs/pr/12", "", "m.safetensors"],
    ["hf://o/r@refs/convert/parquet/d/f", "model", "o/r", "refs/convert/parquet", "d/", "f"],
    ["hf://o/r@feature%2Fx/m", "model", "o/r", "feature/x", "", "m"],
    ["HF://o/r@refs/pr/1", "model", "o/r", "refs/pr/1", "", undefined],
    ["hf://o/r/a@b", "model", "o/r", "main", "", "a@b"],
  ])("reads %s", (address, type, id, revision, folder, name) => {
    expect(parseHubAddress(address)).toEqual({ repo: { type, id, revision }, folder, name });
  });

  it.each(["hf://", "hf://gpt2", "hf://o//x", "hf://../r", "hf://o/r@", "hf://o/r@%zz/x", "hf://o /r"])(
    "refuses %s",
    async (address) => {
      const error = await failure(() => parseHubAddress(address));
      expect(error).toMatchObject({ code: "InvalidArgument" });
      expect(error.message).toContain(JSON.stringify(address));
    },
  );

  it("escapes what URLs can't hold", () => {
    const repo = { type: "dataset", id: "o/r", revision: "refs/pr/1" } as const;
    expect(resolveUrl("https://h", repo, "a b/ü?#.x").href).toBe(
      "https://h/datasets/o/r/resolve/refs%2Fpr%2F1/a%20b/%C3%BC%3F%23.x",
    );
    expect(treeUrl("https://h", repo, "a b/", true).href).toBe(
      "https://h/api/datasets/o/r/tree/refs%2Fpr%2F1/a%20b?recursive=true",
    );
    expect(hubName(repo, "x")).toBe("hf://datasets/o/r@refs/pr/1/x");
  });
});

describe("hf:// addresses (against a double of the hub)", () => {
  const tree = {
    w: new Tensor("F32", [40_000], new Float32Array(40_000).fill(2)),
    b: Tensor.from([1, 2, 3]),
  };

  it("says why the hub can't be reached, with the reason behind what fetch says", async () => {
    // Nobody listens there.
    const hub = { endpoint: "http://127.0.0.1:2" };
    const error = await failure(() => openSafetensors("hf://o/r/", { hub, retries: 0 }));
    expect(error).toMatchObject({ code: "HttpError" });
    expect(error.message).toMatch(
      /hf:\/\/o\/r.*: the hub can't be reached: fetch failed: connect ECONNREFUSED/,
    );
  });

  it("asks for its list again when it stalls, or breaks off within it", async () => {
    const server = await serve((_request, response, count) => {
      if (count === 1) return;
      const list = JSON.stringify([{ type: "file", path: "a", size: 1 }]);
      if (count === 2)
        response
          .writeHead(200, { "content-length": list.length })
          .write(list.slice(1), () => response.destroy());
      else response.end(list);
    });
    const hub = { endpoint: new URL(server.url).origin };
    const store = await openStore("hf://o/r", { hub, timeout: 200, retries: 3 });
    const entries: unknown[] = [];
    for await (const entry of store.list()) entries.push(entry);
    expect(entries).toEqual([{ key: "a", size: 1 }]);
    expect(server.requests.length).toBeGreaterThan(2);
  });

  it("opens a file, reads its ranges, and goes on where the hub keeps it", async () => {
    const hub = await startHub({ "m.safetensors": save(pytree2dict(tree) as Record<string, Tensor>) });
    await using file = await openSafetensors("hf://o/r/m.safetensors", { hub: { endpoint: hub.endpoint } });
    expect((await file.tensor("@w")).data).toEqual(tree.w.data);
    expect(hub.hub).toHaveLength(1);
    expect(hub.cdn.length).toBeGreaterThan(1);
  });

  it("sends the token to the hub, and never to the host that it redirects to", async () => {
    const hub = await startHub({ "m.bin": pattern(300_000) });
    const { source } = await openSource("hf://o/r/m.bin", {
      hub: { endpoint: hub.endpoint, token: "hf_secret" },
      headers: { "x-mine": "1" },
    });
    await source.read(100_000, 300_000);
    expect(hub.hub.map(({ headers }) => headers.authorization)).toEqual(["Bearer hf_secret"]);
    expect(hub.cdn.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect(hub.cdn.map(({ headers }) => headers.host?.replace(/:.*/, ""))).toEqual([
      "localhost",
      "localhost",
    ]);
  });

  it("asks the hub anew when the address that it gave has expired", async () => {
    const bytes = pattern(300_000);
    const hub = await startHub({ "m.bin": bytes });
    const { source } = await openSource("hf://o/r/m.bin", { hub: { endpoint: hub.endpoint } });
    hub.expire();
    expect(Buffer.compare(await source.read(70_000, 300_000), bytes.subarray(70_000, 300_000))).toBe(0);
    expect(hub.hub).toHaveLength(2);
  });

  it("tells of a file that changed", async () => {
    const hub = await startHub({ "m.bin": pattern(300_000) });
    const { source } = await openSource("hf://o/r/m.bin", { hub: { endpoint: hub.endpoint } });
    hub.files.set("m.bin", pattern(300_001));
    expect(await failure(() => source.read(70_000, 300_000))).toMatchObject({ code: "SourceChanged" });
  });

  it("lists a repository page by page, a folder of it, and its files of one commit", async () => {
    const names = [
      "README.md",
      "a.safetensors",
      "b.safetensors",
      "sub/c.bin",
      "sub/d/e.bin",
      "subway.bin",
      "z",
    ];
    const hub = await startHub(Object.fromEntries(names.map((name, i) => [name, pattern(i + 1)])));
    const store = await openStore("hf://datasets/o/r", { hub: { endpoint: hub.endpoint, token: "t" } });
    expect(store.name).toBe("hf://datasets/o/r");
    const keys = async (of: typeof store, prefix?: string, shallow = false) => {
      const found: string[] = [];
      for await (const { key } of of.list(prefix, { shallow })) found.push(key);
      return found;
    };
    expect(await keys(store)).toEqual(names);
    expect(await keys(store, undefined, true)).toEqual(names.filter((name) => !name.includes("/")));
    expect(await keys(store, "sub")).toEqual(["sub/c.bin", "sub/d/e.bin", "subway.bin"]);
    expect(await keys(store, "sub/", true)).toEqual(["sub/c.bin"]);
    const folder = await openStore("hf://o/r@main/sub", { hub: { endpoint: hub.endpoint } });
    expect(await keys(folder)).toEqual(["c.bin", "d/e.bin"]);
    await folder.source("c.bin");
    await folder.source("d/e.bin");
    const asked = hub.hub.map(({ url }) => url).filter((url) => url?.includes("/resolve/"));
    expect(asked).toEqual(["/o/r/resolve/main/sub/c.bin", `/o/r/resolve/${COMMIT}/sub/d/e.bin`]);
    expect(hub.hub.slice(0, 3).map(({ headers }) => headers.authorization)).toEqual(
      Array(3).fill("Bearer t"),
    );
  });

  it.each([
    ["GatedRepo", 401, undefined, /restricted; ask for it at .*\/o\/r, then pass a token/],
    ["GatedRepo", 403, "t", /restricted, and this token's account has none/],
    ["RepoNotFound", 401, undefined, /no such model, or it is private; check the name, or pass a token/],
    ["RepoNotFound", 404, "t", /no such model, or this token may not see it/],
    ["RevisionNotFound", 404, undefined, /no revision "main"/],
    ["EntryNotFound", 404, undefined, /no file "m.bin" at the revision "main"/],
    [undefined, 401, "t", /asks for another token; this one is not valid/],
    ["DisabledRepo", 403, undefined, /the hub answered 403: disabled \\u009b2J/],
  ])("says what %s (%d) means", async (code, status, token, pattern) => {
    const hub = await startHub({});
    const message = code === "DisabledRepo" ? "disabled \x9b2J" : undefined;
    hub.failure = { status, ...(code && { code }), ...(message && { message }) };
    const options = { hub: { endpoint: hub.endpoint, token }, retries: 0 };
    const error = await failure(() => openSource("hf://o/r/m.bin", options));
    expect(error).toMatchObject({ code: "HttpError", status });
    expect(error.message).toMatch(pattern);
    expect(error.message).toMatch(/^hf:\/\/o\/r\/m.bin: /);
  });

  it("tries again where the hub is busy", async () => {
    const hub = await startHub({ "m.bin": pattern(10) });
    hub.failure = { status: 503 };
    setTimeout(() => {
      hub.failure = undefined;
    }, 50);
    const { source } = await openSource("hf://o/r/m.bin", { hub: { endpoint: hub.endpoint } });
    expect(await source.read(0, 10)).toEqual(pattern(10));
  });

  it("can't be written, and says what can", async () => {
    const error = await failure(() => savePytree(tree, "hf://o/r/m.safetensors"));
    expect(error).toMatchObject({ code: "UnsupportedSink" });
    expect(error.message).toMatch(/the hub's own client, see docs\/recipes\/hub.md/);
  });

  it("loads whole trees", async () => {
    const hub = await startHub({ "x/m.safetensors": save(pytree2dict(tree) as Record<string, Tensor>) });
    expect(await loadPytree("hf://o/r/x/m.safetensors", { hub: { endpoint: hub.endpoint } })).toEqual(tree);
  });
});

describe("readHubOptions", () => {
  it("takes HF_TOKEN before HUGGING_FACE_HUB_TOKEN before the file of the token", async () => {
    const home = await freshFolder();
    writeFileSync(join(home, "token"), "hf_file\r\n");
    writeFileSync(join(home, "other"), "hf_other");
    const base = { HF_HOME: home };
    expect((await readHubOptions(base)).token).toBe("hf_file");
    expect((await readHubOptions({ XDG_CACHE_HOME: join(home, "none") })).token).toBeUndefined();
    expect((await readHubOptions({ ...base, HF_TOKEN_PATH: join(home, "other") })).token).toBe("hf_other");
    expect((await readHubOptions({ ...base, HUGGING_FACE_HUB_TOKEN: "hf_old" })).token).toBe("hf_old");
    expect((await readHubOptions({ HF_TOKEN: " hf_new\n", HUGGING_FACE_HUB_TOKEN: "hf_old" })).token).toBe(
      "hf_new",
    );
    expect(
      (await readHubOptions({ HF_TOKEN: "t", HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" })).token,
    ).toBeUndefined();
  });

  it("sends a token of the environment to the endpoint of the environment alone", async () => {
    const hub = await startHub({ "m.bin": pattern(10) });
    vi.stubEnv("HF_TOKEN", "hf_env");
    await openSource("hf://o/r/m.bin", { hub: { endpoint: hub.endpoint } });
    vi.stubEnv("HF_ENDPOINT", `${hub.endpoint}/`);
    await openSource("hf://o/r/m.bin");
    await openSource("hf://o/r/m.bin", { hub: { token: "" } });
    expect(hub.hub.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      "Bearer hf_env",
      undefined,
    ]);
  });
});
