/**
 * A double of the Hugging Face Hub: the hub itself can't be reached from the tests. It answers as the hub's documentation
 * and its own clients have it: `resolve` redirects to another host, with `X-Repo-Commit`; lists are paged by `Link`;
 * errors carry `X-Error-Code`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { answer } from "../server.ts";

export interface HubDouble {
  /** The hub, at `127.0.0.1`. */
  readonly endpoint: string;
  readonly files: Map<string, Uint8Array>;
  /** What came to the hub, and to the host that it redirects to: `localhost`. */
  readonly hub: IncomingMessage[];
  readonly cdn: IncomingMessage[];
  /** The error that the hub answers with in place of anything else. */
  failure: { status: number; code?: string; message?: string } | undefined;
  /** Addresses on the other host that were given out before are refused from now on. */
  expire(): void;
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const PAGE = 3;

/** Starts both hosts; they are gone when the test is over. */
export async function startHub(files: Readonly<Record<string, Uint8Array>>): Promise<HubDouble> {
  const hub: IncomingMessage[] = [];
  const cdn: IncomingMessage[] = [];
  let epoch = 0;
  const cdnPort = await listen((request, response) => {
    cdn.push(request);
    const url = new URL(request.url ?? "", "http://localhost");
    const bytes = double.files.get(decodeURIComponent(url.pathname.slice(1)));
    if (url.searchParams.get("signature") !== `s${epoch}` || bytes === undefined) {
      response.writeHead(403).end("expired");
      return;
    }
    answer(bytes, request, response, { headers: { etag: `"${bytes.byteLength}"` } });
  });
  const port = await listen((request, response) => {
    hub.push(request);
    const { failure } = double;
    if (failure !== undefined) {
      const { status, code, message } = failure;
      response.writeHead(status, {
        ...(code && { "x-error-code": code }),
        ...(message && { "x-error-message": message }),
      });
      response.end();
      return;
    }
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    const tree = /^\/api\/(?:models|datasets|spaces)\/o\/r\/tree\/([^/]+)\/?(.*)$/.exec(url.pathname);
    if (tree !== null) return list(url, decodeURIComponent(tree[2]!), response);
    const file = /^\/(?:datasets\/|spaces\/)?o\/r\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const path = decodeURIComponent(file?.[2] ?? "");
    if (!double.files.has(path)) {
      response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
      return;
    }
    response.writeHead(302, {
      location: `http://localhost:${cdnPort}/${encodeURIComponent(path)}?signature=s${epoch}`,
      "x-repo-commit": COMMIT,
    });
    response.end();
  });

  function list(url: URL, folder: string, response: ServerResponse): void {
    const prefix = folder === "" ? "" : `${folder}/`;
    const isRecursive = url.searchParams.get("recursive") === "true";
    const entries: { type: string; path: string; size: number; oid: string }[] = [];
    for (const [path, bytes] of double.files) {
      if (!path.startsWith(prefix)) continue;
      const rest = path.slice(prefix.length);
      const isBelow = rest.includes("/");
      if (!isBelow || isRecursive) entries.push({ type: "file", path, size: bytes.byteLength, oid: "0" });
      else entries.push({ type: "directory", path: prefix + rest.split("/")[0], size: 0, oid: "0" });
    }
    const at = Number(url.searchParams.get("cursor") ?? "0");
    if (at + PAGE < entries.length) {
      url.searchParams.set("cursor", String(at + PAGE));
      response.setHeader("link", `<http://127.0.0.1:${port}${url.pathname}${url.search}>; rel="next"`);
    }
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(entries.slice(at, at + PAGE)));
  }

  const double: HubDouble = {
    endpoint: `http://127.0.0.1:${port}`,
    files: new Map(Object.entries(files)),
    hub,
    cdn,
    failure: undefined,
    expire: () => void epoch++,
  };
  return double;
}

async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}
