/** Serves the page and the files it is to show, on loopback, under a path that nobody can guess. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, sep } from "node:path";
import type { ServedCheckpoint, ServedFile } from "./files.ts";

/** A running server. */
export interface ViewServer {
  /** The page's address, with what it is to open. */
  readonly url: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const HEADERS = {
  "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** Starts a server for the page in `folder`. */
export async function startServer(
  folder: string,
  checkpoints: readonly ServedCheckpoint[],
  signal: AbortSignal,
): Promise<ViewServer> {
  const token = randomBytes(24).toString("base64url");
  const room = new Room(folder, checkpoints, signal);
  const server = createServer((request, response) => {
    room.answer(token, request, response).catch((error: unknown) => fail(response, error));
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  room.hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const query = new URLSearchParams(
    checkpoints.map(({ name }, i) => ["url", `files/${i}/${encodeURIComponent(name)}`]),
  );
  return {
    url: `http://127.0.0.1:${port}/${token}/${checkpoints.length > 0 ? `?${query}` : ""}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await room.close();
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(502, HEADERS).end(error instanceof Error ? error.message : String(error));
}

/** What the server has to give: the page's files, and the checkpoints' bytes. */
class Room {
  hosts: readonly string[] = [];
  readonly #pages: ReadonlyMap<string, string>;
  readonly #checkpoints: readonly ServedCheckpoint[];
  readonly #open = new Map<() => Promise<ServedFile>, Promise<ServedFile>>();
  readonly #signal: AbortSignal;

  constructor(folder: string, checkpoints: readonly ServedCheckpoint[], signal: AbortSignal) {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    this.#pages = new Map(names.map((name) => [name.split(sep).join("/"), join(folder, name)]));
    this.#checkpoints = checkpoints;
    this.#signal = signal;
  }

  async answer(token: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page of another site that has its name point to this machine gets nothing.
    const isOurs = this.hosts.includes(request.headers.host ?? "");
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const prefix = `/${token}/`;
    if (!isOurs || !path.startsWith(prefix)) return void response.writeHead(404, HEADERS).end();
    if (request.method !== "GET" && request.method !== "HEAD")
      return void response.writeHead(405, { ...HEADERS, allow: "GET, HEAD" }).end();
    const rest = path.slice(prefix.length);
    const opener = this.#openerOf(rest);
    if (opener !== undefined) return this.#sendFile(opener, request, response);
    const page = this.#pages.get(rest === "" ? "index.html" : rest);
    const type = TYPES[extname(page ?? "")];
    if (page === undefined || type === undefined) return void response.writeHead(404, HEADERS).end();
    response.writeHead(200, { ...HEADERS, "content-type": type }).end(readFileSync(page));
  }

  async close(): Promise<void> {
    for (const opening of this.#open.values()) await opening.then((file) => file.close()).catch(() => {});
  }

  #openerOf(path: string): (() => Promise<ServedFile>) | undefined {
    const match = /^files\/(\d+)\/(.+)$/.exec(path);
    if (!match) return undefined;
    try {
      return this.#checkpoints[Number(match[1])]?.files.get(decodeURIComponent(match[2]!));
    } catch {
      return undefined; // a percent sign that stands for nothing
    }
  }

  async #sendFile(
    opener: () => Promise<ServedFile>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const opening = this.#open.get(opener) ?? opener();
    this.#open.set(opener, opening);
    const file = await opening;
    const range = rangeOf(request.headers.range, file.size);
    const headers = {
      ...HEADERS,
      "content-type": "application/octet-stream",
      "accept-ranges": "bytes",
      etag: `"${Buffer.from(file.version).toString("base64url")}"`,
    };
    if (range === "none") {
      return void response.writeHead(416, { ...headers, "content-range": `bytes */${file.size}` }).end();
    }
    const { start, end } = range ?? { start: 0, end: file.size };
    response.writeHead(range ? 206 : 200, {
      ...headers,
      "content-length": end - start,
      ...(range && { "content-range": `bytes ${start}-${end - 1}/${file.size}` }),
    });
    if (request.method === "HEAD") return void response.end();
    const abort = new AbortController();
    response.once("close", () => abort.abort());
    for await (const piece of file.read(start, end, AbortSignal.any([abort.signal, this.#signal]))) {
      if (abort.signal.aborted) return;
      if (!response.write(piece)) await drained(response);
    }
    response.end();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.once("drain", done).once("close", done);
  });
}

/** The range that a request asks for; `none` for one that is not in the file, `undefined` for the whole file. */
function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | "none" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const start = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? size : Math.min(size, Number(match[2]) + 1);
  return start < end ? { start, end } : "none";
}
