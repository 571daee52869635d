import { type ChildProcess, fork } from "node:child_process";
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";

/** What the server answered since the last question. */
export interface Traffic {
  readonly requests: number;
  readonly bytes: number;
}

/**
 * Serves one file by ranges at every path that ends in `.safetensors`, each answer so many milliseconds late; runs
 * in a process of its own and tells its parent of its traffic.
 */
export function serve(path: string, latency: number): void {
  const { size } = statSync(path);
  let requests = 0;
  let bytes = 0;
  const server = createServer((request, response) => {
    requests++;
    setTimeout(() => {
      if (!request.url!.endsWith(".safetensors")) {
        response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
        return;
      }
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
      const start = range ? Number(range[1]) : 0;
      const last = range?.[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
      bytes += last + 1 - start;
      response.writeHead(range ? 206 : 200, {
        "accept-ranges": "bytes",
        "content-length": last + 1 - start,
        "content-type": "application/octet-stream",
        etag: '"one"',
        ...(range && { "content-range": `bytes ${start}-${last}/${size}` }),
      });
      createReadStream(path, { start, end: last, highWaterMark: 2 ** 20 }).pipe(response);
    }, latency);
  });
  process.on("message", () => {
    process.send!({ requests, bytes } satisfies Traffic);
    requests = 0;
    bytes = 0;
  });
  process.on("disconnect", () => process.exit());
  server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
}

/** A server in its own process, so that it does not take turns with those who ask it. */
export class Server {
  readonly origin: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.origin = `http://127.0.0.1:${port}`;
  }

  static async start(path: string, latency: number): Promise<Server> {
    const child = fork(process.argv[1]!, ["--serve", path, String(latency)]);
    return new Server(child, await message<number>(child));
  }

  /** The traffic since this was last called. */
  async traffic(): Promise<Traffic> {
    const answer = message<Traffic>(this.#child);
    this.#child.send("traffic");
    return answer;
  }

  close(): void {
    this.#child.disconnect();
  }
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once("message", (value) => resolve(value as T));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
}
