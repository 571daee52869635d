// The file that the HTTP tests read, and the servers that give it.
import { expect } from "vitest";
import { type OpenedSource, openSource } from "../../src/io/open-source.ts";
import type { SourceOptions } from "../../src/io/options.ts";
import "../../src/io/platform.node.ts";
import { answer, type Handler, serve } from "./server.ts";
import { pattern } from "./support.ts";

export const BYTES = pattern(3_000_000);
export const HEAD = 65_536;
export const VERSION = { etag: '"one"', "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT" };

export const good: Handler = (request, response) => answer(BYTES, request, response, { headers: VERSION });

export async function read(opened: OpenedSource, start: number, end: number): Promise<void> {
  expect(Buffer.compare(await opened.source.read(start, end), BYTES.subarray(start, end))).toBe(0);
}

/** A server that is good until the file is open, and then does as it is told. */
export async function afterOpening(handler: Handler, options: SourceOptions = {}) {
  let told: Handler = good;
  let before = 0;
  const server = await serve((request, response, count) => told(request, response, count - before));
  const opened = await openSource(server.url, { retries: 3, timeout: 2_000, ...options });
  before = server.requests.length;
  told = handler;
  return { server, opened };
}
