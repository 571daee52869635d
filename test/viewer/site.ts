/** The server of the page's tests: the page under a strict policy, files by range, and what the driver asks. */
import { closeSync, createReadStream, existsSync, fstatSync, openSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

/** A running server. */
export interface Site {
  readonly url: string;
  /** Bytes of files that were sent so far. */
  bytesSent(): number;
  close(): Promise<void>;
}

/** What the server gives, and who is told of reports. */
export interface SiteOptions {
  /** Folders by the first part of the path. */
  readonly folders: Readonly<Record<string, string>>;
  /** Answers to be had as JSON, by their path. */
  readonly answers: Readonly<Record<string, unknown>>;
  readonly onReport: (body: unknown) => void;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

// As a careful server would send it; isolation lets Chromium measure the page's memory.
const HEADERS = {
  "content-security-policy": "default-src 'self'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cache-control": "no-store",
};

/** Starts the server on loopback. */
export async function startSite(options: SiteOptions): Promise<Site> {
  let sent = 0;
  const server = createServer((request, response) => {
    answer(request, response, options, (count) => {
      sent += count;
    }).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    bytesSent: () => sent,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { folders, answers, onReport }: SiteOptions,
  onSent: (count: number) => void,
): Promise<void> {
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
  if (request.method === "POST") {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    onReport(JSON.parse(Buffer.concat(chunks).toString()));
    return void response.end();
  }
  if (Object.hasOwn(answers, path)) return void response.end(JSON.stringify(answers[path]));
  const [, folder = "", ...rest] = path.split("/");
  const root = Object.hasOwn(folders, folder) ? folders[folder] : undefined;
  const name = normalize(rest.join("/") || "index.html");
  const isThere = root !== undefined && !name.startsWith("..") && existsSync(join(root, name));
  if (!isThere) return void response.writeHead(404).end();
  const type = TYPES[extname(name)];
  if (type !== undefined)
    return void response
      .writeHead(200, { ...HEADERS, "content-type": type })
      .end(readFileSync(join(root, name)));
  sendRange(join(root, name), request, response, onSent);
}

function sendRange(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  onSent: (count: number) => void,
): void {
  const fd = openSync(path, "r");
  const { size } = fstatSync(fd);
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = Number(match?.[1] ?? 0);
  const end = Math.min(size, match?.[2] ? Number(match[2]) + 1 : size);
  if (start >= end) {
    closeSync(fd);
    const isEmpty = size === 0 && !match;
    response
      .writeHead(isEmpty ? 200 : 416, { "content-range": `bytes */${size}`, "content-length": 0 })
      .end();
    return;
  }
  response.writeHead(match ? 206 : 200, {
    "content-type": "application/octet-stream",
    "content-length": end - start,
    "cross-origin-resource-policy": "same-origin",
    ...(match && { "content-range": `bytes ${start}-${end - 1}/${size}` }),
  });
  const stream = createReadStream("", { fd, start, end: end - 1 });
  stream.on("data", (chunk) => onSent(chunk.length));
  response.once("close", () => stream.destroy());
  stream.pipe(response);
}
