import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A server of the files that are put into it, for suites in other programs: `PUT /files/NAME` keeps a body, and
 * `GET /HOW/NAME` serves it as `HOW` says; `GET /log` gives the requests since it was last asked.
 */
export interface FileServer {
  readonly url: string;
  close(): Promise<void>;
}

/** One request, as `GET /log` tells of it. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  /** The bytes of the body that was sent. */
  readonly bytes: number;
}

/** What is used of a request, in HTTP/1 and in HTTP/2. */
interface Request extends AsyncIterable<unknown> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What is used of a response. */
interface Response {
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  write(chunk: Uint8Array, sent: () => void): unknown;
  end(body?: Uint8Array): unknown;
  destroy(): unknown;
}

/** Starts the server on loopback. */
export async function startServer(): Promise<FileServer> {
  const server = createServer(fileListener());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** What answers the requests, for servers of any kind. */
export function fileListener(): (request: Request, response: Response) => void {
  const files = new Map<string, Buffer>();
  let log: LoggedRequest[] = [];
  let count = 0;
  return (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    response.setHeader("access-control-allow-origin", "*");
    if (path === "/log") {
      send(response, 200, Buffer.from(JSON.stringify(log)), { "content-type": "application/json" });
      log = [];
      return;
    }
    const [, how = "", name = ""] = /^\/(\w+)\/(.+)$/.exec(path) ?? [];
    if (how !== "hidden") {
      response.setHeader("access-control-expose-headers", "content-range, etag, content-length");
    }
    const entry = {
      method: request.method ?? "",
      path,
      range: header(request, "range"),
      ifRange: header(request, "if-range"),
      bytes: 0,
    };
    log.push(entry);
    const body = (bytes: Buffer) => {
      entry.bytes += bytes.byteLength;
      return bytes;
    };
    if (request.method === "OPTIONS") {
      send(response, 204, undefined, {
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "*",
      });
      return;
    }
    if (request.method === "PUT") {
      readBody(request).then(
        (bytes) => {
          files.set(name, bytes);
          send(response, 201);
        },
        () => {}, // the client went away; nothing is kept
      );
      return;
    }
    const file = files.get(name);
    const serve = WAYS[how];
    if (file === undefined || serve === undefined) send(response, 404);
    else serve({ request, response, file, name, body, count: count++ });
  };
}

function header({ headers }: Request, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly file: Buffer;
  readonly name: string;
  /** Counts the bytes of a body. */
  readonly body: (bytes: Buffer) => Buffer;
  /** How many requests came before. */
  readonly count: number;
}

/** The ways to serve a file, well and badly. */
const WAYS: Readonly<Record<string, (exchange: Exchange) => void>> = {
  files: (exchange) => sendRange(exchange, `"${exchange.file.byteLength}"`),
  hidden: (exchange) => sendRange(exchange, `"${exchange.file.byteLength}"`),
  noranges: ({ response, file, body }) => send(response, 200, body(file)),
  redirect: ({ response, name }) => send(response, 302, undefined, { location: `/files/${name}` }),
  changing: (exchange) => sendRange(exchange, `"${exchange.count}"`),
  // Every other answer ends in the middle.
  breaking: (exchange) => sendRange(exchange, '"1"', exchange.count % 2 === 0 ? 40_000 : undefined),
  // The first bytes come; of everything after them nothing ever does.
  stalled: (exchange) => {
    if (/^bytes=0-/.test(header(exchange.request, "range") ?? "")) sendRange(exchange, '"1"');
  },
};

function sendRange({ request, response, file, body }: Exchange, etag: string, breakAfter?: number): void {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header(request, "range") ?? "");
  const condition = header(request, "if-range");
  if (match === null || (condition !== undefined && condition !== etag)) {
    send(response, 200, body(file), { etag });
    return;
  }
  const start = Number(match[1]);
  const end = match[2] ? Math.min(Number(match[2]) + 1, file.byteLength) : file.byteLength;
  if (start >= file.byteLength) {
    send(response, 416, undefined, { "content-range": `bytes */${file.byteLength}` });
    return;
  }
  const part = file.subarray(start, end);
  response.writeHead(206, {
    etag,
    "content-length": part.byteLength,
    "content-range": `bytes ${start}-${end - 1}/${file.byteLength}`,
  });
  if (breakAfter === undefined || part.byteLength <= breakAfter) response.end(body(part));
  else response.write(body(part.subarray(0, breakAfter)), () => setTimeout(() => response.destroy(), 5));
}

function send(
  response: Response,
  status: number,
  body?: Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...headers, "content-length": body?.byteLength ?? 0 });
  response.end(body);
}

async function readBody(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
