/** Places on the network: headers, tokens, folders, the cache, and what is never printed. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { loadFile, save, Tensor } from "pytree2safetensors";
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { cacheFolder } from "../../src/cli/args/access.ts";
import { answer, serve } from "../io/server.ts";
import { startHub } from "../io/stores/hub-double.ts";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);
const SECRET = "hf_NobodyMaySeeThis";

beforeAll(() => writeModels(folder));
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A server of the test's folder, whose requests are kept. */
async function serveFolder(allow: (request: IncomingMessage) => boolean = () => true) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const path = new URL(request.url ?? "", "http://localhost").pathname.slice(1);
    if (!allow(request)) return void response.writeHead(401).end();
    try {
      answer(readFileSync(join(folder, decodeURIComponent(path))), request, response, {
        headers: { etag: '"1"' },
      });
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

describe("folders", () => {
  it.each(["tree", "ls", "info", "stats", "verify"])("are opened by %s", async (command) => {
    const { code, stdout, stderr } = await p2s([command, "shards"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.length).toBeGreaterThan(0);
  });

  it("are joined, and what is in them is not written over", async () => {
    expect(await p2s(["convert", "shards", "joined.safetensors"])).toMatchObject({ code: 0 });
    expect(await p2s(["diff", "joined.safetensors", "shards/"])).toMatchObject({ code: 0 });
    const refused = await p2s(["convert", "shards", "shards", "--shard", "50KB", "--drop", "head"]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("would replace or remove") });
  });

  it("without a checkpoint say what there is", async () => {
    const { code, stderr } = await p2s(["tree", "broken"]);
    expect(code).toBe(2);
    expect(stderr).toContain("4 checkpoints");
  });
});

describe("--header", () => {
  it("is sent to http addresses, for the index and its shards", async () => {
    const { url, requests } = await serveFolder((request) => request.headers["x-key"] === SECRET);
    const place = `${url}/shards/model.safetensors.index.json`;
    const { code, stdout } = await p2s(["info", place, "--header", `X-Key: ${SECRET}`, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).shards).toHaveLength(2);
    expect(requests.length).toBeGreaterThan(2);
    expect(await p2s(["info", place])).toMatchObject({ code: 2, stderr: expect.stringContaining("401") });
  });

  it.each([SECRET, `: ${SECRET}`, `X Y: ${SECRET}`, `X: ${SECRET}\nHost: y`, `X: ${SECRET}\u00e9`])(
    "refuses %j and does not repeat it",
    async (line) => {
      const { code, stdout, stderr } = await p2s(["tree", "http://127.0.0.1:1/x", "--header", line]);
      expect(code).toBe(2);
      expect(stderr).toContain("--header");
      expect(stdout + stderr).not.toContain(SECRET);
    },
  );
});

describe("addresses with secrets", () => {
  it("are shown without their query", async () => {
    const { url } = await serveFolder();
    const place = `${url}/model.safetensors?X-Signature=${SECRET}`;
    for (const args of [
      ["tree", place],
      ["tree", place, "--json"],
      ["ls", place, place, "--json"],
      ["info", place, "--json"],
      ["verify", place],
      ["verify", `${url}/gone.safetensors?X-Signature=${SECRET}`],
      ["diff", place, place, "--json"],
      ["convert", place, "-", "--select", "nothing.like.it"],
      ["convert", place, `${place}2`],
    ]) {
      const { stdout, stderr } = await p2s(args);
      expect(stdout + stderr).not.toContain(SECRET);
    }
  });
});

describe("hf:", () => {
  const files = async () =>
    Object.fromEntries(
      readdirSync(join(folder, "shards")).map((name) => [name, readFileSync(join(folder, "shards", name))]),
    );

  it("takes a repository, its index and its files, with a token for the hub alone", async () => {
    const hub = await startHub(await files());
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    for (const place of ["hf://o/r", "hf://o/r/model.safetensors.index.json", "hf://o/r@main/"]) {
      const { code, stdout, stderr } = await p2s(["tree", place, "--token", SECRET]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("92.3 k");
    }
    expect(new Set(hub.hub.map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Bearer ${SECRET}`]),
    );
    expect(hub.cdn.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it("never gets the headers of other servers", async () => {
    const hub = await startHub(await files());
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    expect(await p2s(["tree", "hf://o/r", "--header", `X-Key: ${SECRET}`])).toMatchObject({ code: 0 });
    expect([...hub.hub, ...hub.cdn].every(({ headers }) => headers["x-key"] === undefined)).toBe(true);
  });

  it("says what the hub says, and never the token", async () => {
    const hub = await startHub(await files());
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_TOKEN", SECRET);
    for (const failure of [
      { status: 403, code: "GatedRepo", message: "ask for access" },
      { status: 401, code: "RepoNotFound" },
      { status: 404, code: "RevisionNotFound" },
    ]) {
      hub.failure = failure;
      for (const flags of [[], ["--json"]]) {
        const { code, stdout, stderr } = await p2s(["info", "hf://o/r/model.safetensors", ...flags]);
        expect(code).toBe(2);
        expect(stderr).toContain("hf://o/r");
        expect(stdout + stderr).not.toContain(SECRET);
      }
    }
    const odd = await p2s(["info", "hf://o/r", "--token", `${SECRET}\nx`]);
    expect(odd).toMatchObject({ code: 2, stderr: expect.stringContaining("--token") });
    expect(odd.stderr).not.toContain(SECRET);
  });

  it("is not written to", async () => {
    const { code, stderr } = await p2s(["convert", "model.safetensors", "hf://o/r/x.safetensors"]);
    expect(code).toBe(2);
    expect(stderr).toContain("can't write to this address");
  });
});

describe("--cache", () => {
  it("keeps what is read: the second time, only versions are asked for", async () => {
    const { url, requests } = await serveFolder();
    const place = `${url}/shards/model.safetensors.index.json`;
    const first = await p2s(["stats", place, "--cache=blocks", "--json"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(join(folder, "blocks")).length).toBeGreaterThan(0);
    const before = requests.length;
    const second = await p2s(["stats", "--cache=blocks", "--json", place]);
    expect(second.stdout).toBe(first.stdout);
    // One for each file, that tells its version.
    expect(requests.length - before).toBe(3);
  });

  it("lies where the platform has its caches, and takes no word for its folder", async () => {
    vi.stubEnv("XDG_CACHE_HOME", join(folder, "xdg"));
    const { url } = await serveFolder();
    expect(await p2s(["tree", "--cache", `${url}/model.safetensors`])).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, "xdg/pytree2safetensors")).length).toBeGreaterThan(0);
    expect(cacheFolder({ XDG_CACHE_HOME: "/x" })).toBe(join("/x", "pytree2safetensors"));
    expect(cacheFolder({ LOCALAPPDATA: "/l" }, "win32")).toBe(join("/l", "pytree2safetensors"));
    expect(cacheFolder({}, "darwin")).toMatch(/Library.Caches.pytree2safetensors$/);
  });

  it("is shown and trimmed by p2s cache", async () => {
    const { url } = await serveFolder();
    await p2s(["stats", `${url}/model.safetensors`, "--cache=kept"]);
    writeFileSync(join(folder, "kept/mine.txt"), "stays");
    const before = JSON.parse((await p2s(["cache", "kept", "--json"])).stdout);
    expect(before.blocks).toBe(1);
    expect(before.bytes).toBeGreaterThan(180_000);
    expect(await p2s(["cache", "kept", "--trim", "1KiB"])).toMatchObject({
      code: 0,
      stdout: "kept  0 blocks, 0 B\n",
    });
    expect(readdirSync(join(folder, "kept"))).toEqual(["mine.txt"]);
    expect(await p2s(["cache", "kept", "--trim", "lots"])).toMatchObject({ code: 2 });
  });

  it("is for addresses alone", async () => {
    expect(await p2s(["tree", "model.safetensors", "--cache=unused"])).toMatchObject({ code: 0 });
    expect(readdirSync(folder)).not.toContain("unused");
  });
});

describe("a part of a tensor far away", () => {
  it("costs its own bytes", async () => {
    const big = save({ a: new Tensor("F32", [2 ** 18], new Float32Array(2 ** 18)), b: 1 });
    let sent = 0;
    const { url } = await serve((request, response) =>
      answer(big, request, response, {
        body: (part, to) => {
          sent += part.byteLength;
          to.end(part);
        },
      }),
    );
    expect(await p2s(["show", url, "a", "--slice", ":4"])).toMatchObject({ code: 0 });
    expect(sent).toBeLessThan(200_000);
  });

  it("comes whole where it is asked for", async () => {
    const { url } = await serveFolder();
    expect(await p2s(["convert", `${url}/torch.safetensors`, "down.safetensors"])).toMatchObject({ code: 0 });
    const [ours, theirs] = [await loadFile("down.safetensors"), await loadFile("torch.safetensors")];
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
  });
});
