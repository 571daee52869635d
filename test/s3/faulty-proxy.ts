// A proxy that fails on purpose: connections reset before or after the server acted, 503, bodies that stall.
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong, each as a share of all requests. */
export interface Faults {
  /** The connection breaks before the server sees the request. */
  readonly lostRequests?: number;
  /** The server acts, but the connection breaks before the answer, or in the middle of it. */
  readonly lostAnswers?: number;
  /** `503 SlowDown`. */
  readonly slowDown?: number;
  /** The answer stops in its middle, and the connection stays. */
  readonly stalled?: number;
}

export interface FaultyProxy {
  readonly url: string;
  /** How often each fault happened, and how many requests came. */
  readonly counts: {
    requests: number;
    lostRequests: number;
    lostAnswers: number;
    slowDown: number;
    stalled: number;
  };
  /** The bytes of bodies that went up and came down. */
  readonly moved: { up: number; down: number };
  /** The method, path and query of each request. */
  readonly log: string[];
  faults: Faults;
  /** Has the next request whose method and path match fail, and that one alone. */
  failNext(request: RegExp, fault: keyof Faults): void;
  close(): Promise<void>;
}

const SLOW_DOWN =
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';

/** @param seed Makes the faults the same in each run with the same requests. */
export async function startFaultyProxy(target: string, faults: Faults, seed = 1): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target);
  const random = generator(seed);
  const counts = { requests: 0, lostRequests: 0, lostAnswers: 0, slowDown: 0, stalled: 0 };
  const moved = { up: 0, down: 0 };
  const log: string[] = [];
  const rules: { readonly pattern: RegExp; readonly fault: keyof Faults }[] = [];

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    counts.requests++;
    log.push(`${request.method} ${request.url}`);
    const rule = rules.findIndex(({ pattern }) => pattern.test(log.at(-1)!));
    const fault = rule < 0 ? choose(proxy.faults, random()) : rules.splice(rule, 1)[0]!.fault;
    if (fault !== undefined) counts[fault]++;
    if (fault === "lostRequests") return void request.socket.destroy();
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const sent = Buffer.concat(body);
    moved.up += sent.byteLength;
    if (fault === "slowDown") {
      response.writeHead(503, { "content-type": "application/xml" }).end(SLOW_DOWN);
      return;
    }
    const { method, url, rawHeaders } = request;
    const upstream = send(
      { hostname, port, method, path: url, headers: rawHeaders, agent: false },
      async (answer) => {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk as Buffer);
        const bytes = Buffer.concat(chunks);
        if (fault === "lostAnswers" && bytes.byteLength < 2) return void request.socket.destroy();
        const cut = fault === undefined ? bytes : bytes.subarray(0, bytes.byteLength / 2);
        moved.down += cut.byteLength;
        response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
        if (fault === undefined) return void response.end(bytes);
        response.write(cut, () => {
          // `stalled` leaves the connection as it is: the client has to give up by itself.
          if (fault === "lostAnswers") request.socket.destroy();
        });
        response.flushHeaders();
      },
    );
    upstream.on("error", () => request.socket.destroy());
    upstream.end(sent);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${address.port}`,
    counts,
    moved,
    log,
    faults,
    failNext: (pattern, fault) => void rules.push({ pattern, fault }),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}

function choose(faults: Faults, at: number): keyof Faults | undefined {
  let from = 0;
  for (const fault of ["lostRequests", "lostAnswers", "slowDown", "stalled"] as const) {
    from += faults[fault] ?? 0;
    if (at < from) return fault;
  }
  return undefined;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
