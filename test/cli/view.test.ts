import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { openSafetensors } from "pytree2safetensors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLAIN_ACCESS } from "../../src/cli/args/access.ts";
import { servedCheckpoint } from "../../src/cli/commands/view/files.ts";
import { startServer, type ViewServer } from "../../src/cli/commands/view/server.ts";
import type { Terminal } from "../../src/cli/terminal/terminal.ts";
import { writeModels } from "./models.ts";
import { builtCommand, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const { signal } = new AbortController();
const servers: ViewServer[] = [];

beforeAll(async () => {
  await writeModels(folder);
  mkdirSync(at(".package/dist/viewer/assets"), { recursive: true });
  writeFileSync(at(".package/dist/viewer/index.html"), "<!doctype html>the page");
  writeFileSync(at(".package/dist/viewer/assets/page.js"), "export {}");
});

afterAll(async () => {
  for (const server of servers) await server.close();
});

async function serve(...places: string[]): Promise<ViewServer> {
  const terminal = { signal, access: PLAIN_ACCESS } as unknown as Terminal;
  const checkpoints = await Promise.all(
    places.map(async (place) => {
      await using file = await openSafetensors(place);
      return servedCheckpoint(place, file, terminal);
    }),
  );
  const server = await startServer(at(".package/dist/viewer"), checkpoints, signal);
  servers.push(server);
  return server;
}

const opened = (server: ViewServer) =>
  new URL(server.url).searchParams.getAll("url").map((path) => new URL(path, server.url).href);

describe("p2s view", () => {
  it("serves the page and the file by range", async () => {
    const server = await serve(at("model.safetensors"));
    const page = await fetch(server.url);
    expect(await page.text()).toBe("<!doctype html>the page");
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'self'/);
    const [url] = opened(server) as [string];
    const part = await fetch(url, { headers: { range: "bytes=8-15" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 8-15/${statSync(at("model.safetensors")).size}`);
    const bytes = readFileSync(at("model.safetensors")).subarray(8, 16);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("serves what openSafetensors reads, a sharded checkpoint with the shards of its index too", async () => {
    const server = await serve(at("model.safetensors"), at("shards/model.safetensors.index.json"));
    for (const url of opened(server)) {
      const [remote, local] = [await openSafetensors(url), await openSafetensors(at("model.safetensors"))];
      const name = remote.names.find((own) => local.has(own))!;
      expect((await remote.tensor(name)).equals(await local.tensor(name))).toBe(true);
      await remote.close();
      await local.close();
    }
  });

  it("serves the checkpoint of a folder", async () => {
    const server = await serve(at("shards"));
    const [url] = opened(server) as [string];
    expect(url).toMatch(/model\.safetensors\.index\.json$/);
    const file = await openSafetensors(url);
    expect(file.names.length).toBeGreaterThan(10);
    await file.close();
    await expect(serve(folder)).rejects.toThrow(/holds \d+ checkpoints/);
  });

  it("reads addresses through itself", async () => {
    const [url] = opened(await serve(at("model.safetensors"))) as [string];
    const [second] = opened(await serve(url)) as [string];
    const file = await openSafetensors(second);
    expect(file.names.length).toBeGreaterThan(10);
    await file.close();
  });

  it("gives nothing without the path, nothing else of the disk, and nothing to other sites", async () => {
    const server = await serve(at("model.safetensors"));
    const { origin, pathname } = new URL(server.url);
    expect(pathname.length).toBeGreaterThan(30);
    const refused = [
      `${origin}/`,
      `${origin}/index.html`,
      `${origin}/guess/files/0/model.safetensors`,
      `${origin}${pathname}files/0/other.safetensors`,
      `${origin}${pathname}files/0/..%2Fmodel.safetensors`,
      `${origin}${pathname}files/1/model.safetensors`,
      `${origin}${pathname}..%2f..%2fpackage.json`,
      `${origin}${pathname}files/0/%E0%A4%A`,
    ];
    for (const url of refused) expect([url, (await fetch(url)).status]).toEqual([url, 404]);
    expect((await fetch(server.url, { method: "POST", body: "x" })).status).toBe(405);
    // A page elsewhere whose name points to this machine.
    const status = await new Promise((resolve) => {
      request(server.url, { headers: { host: "evil.example" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(404);
  });

  it("answers ranges that are not in the file, and a file that has gone", async () => {
    writeFileSync(at("gone.safetensors"), readFileSync(at("model.safetensors")));
    const [url] = opened(await serve(at("gone.safetensors"))) as [string];
    expect((await fetch(url, { headers: { range: "bytes=99999999999-" } })).status).toBe(416);
    expect((await fetch(url, { headers: { range: "bytes=-8" } })).status).toBe(206);
    writeFileSync(at("nothing.safetensors"), readFileSync(at("model.safetensors")));
    const [missing] = opened(await serve(at("nothing.safetensors"))) as [string];
    rmSync(at("nothing.safetensors"));
    expect((await fetch(missing)).status).toBe(502);
  });

  it("prints the address and ends with Ctrl-C", async () => {
    const p2s = await builtCommand(folder);
    const child = p2s.start(["view", "--no-open", "model.safetensors"]);
    let out = "";
    const url = await new Promise<string>((resolve) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        out += chunk;
        const found = /http:\S+/.exec(out);
        if (found) resolve(found[0]);
      });
    });
    expect(await (await fetch(url)).text()).toBe("<!doctype html>the page");
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGINT");
    expect(await ended).toBe(0);
  });

  it("says what is wrong with a file before it serves anything", async () => {
    writeFileSync(at("broken.safetensors"), "not a checkpoint");
    const p2s = await builtCommand(folder);
    const { code, stderr } = await p2s(["view", "--no-open", "broken.safetensors"]);
    expect(code).toBe(1);
    expect(stderr).toContain("broken.safetensors");
  });
});
