import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export interface TestServer {
  readonly url: string;
  /** The `Range` header of each request so far. */
  readonly ranges: (string | undefined)[];
  readonly requests: IncomingMessage[];
  /** How many requests are under way. */
  readonly open: () => number;
}

/** A real server, gone when the test is over. */
export async function serve(handler: Handler): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const ranges: (string | undefined)[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    requests.push(request);
    ranges.push(request.headers.range);
    open++;
    response.on("close", () => open--);
    handler(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/model.safetensors`, requests, ranges, open: () => open };
}

export interface AnswerOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** What to do with the body; by default it is sent. */
  readonly body?: (part: Uint8Array, response: ServerResponse) => void;
}

/** Answers as a good server does: the range that was asked for, `If-Range` and the end of the file minded. */
export function answer(
  bytes: Uint8Array,
  request: IncomingMessage,
  response: ServerResponse,
  { headers = {}, body = (part, to) => to.end(part) }: AnswerOptions = {},
): void {
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  const condition = request.headers["if-range"];
  if (match === null || (condition !== undefined && condition !== headers.etag)) {
    response.writeHead(200, { "content-length": bytes.length, ...headers });
    body(bytes, response);
    return;
  }
  const start = Number(match[1]);
  const end = Math.min(Number(match[2]) + 1, bytes.length);
  if (start >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}`, ...headers });
    response.end();
    return;
  }
  response.writeHead(206, {
    "content-length": end - start,
    "content-range": `bytes ${start}-${end - 1}/${bytes.length}`,
    ...headers,
  });
  body(bytes.subarray(start, end), response);
}
