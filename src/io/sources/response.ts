/** Responses: one that the caller has fetched as a source, and how bodies are read. */
import { isPytree2SafetensorsError, type Pytree2SafetensorsError } from "../../base/errors.ts";
import { messageOf, printable } from "../../base/quote.ts";
import { abortable } from "../abort.ts";
import { isResponse } from "../duck-types.ts";
import { placeError } from "../faults.ts";
import type { OpenSourceOptions } from "../options.ts";
import { Body } from "./body.ts";
import { bytesSource } from "./bytes.ts";
import type { Opened } from "./kind.ts";
import { refusalError } from "./refusal.ts";

/** Opens a `Response`: its body is read whole. */
export function openResponse(input: unknown, options: OpenSourceOptions): Promise<Opened> | undefined {
  return isResponse(input) ? readResponse(input, options) : undefined;
}

async function readResponse(response: Response, options: OpenSourceOptions): Promise<Opened> {
  const name = displayUrl(response.url);
  if (response.bodyUsed) {
    throw placeError("UnsupportedSource", name, "the body of the response has been read already");
  }
  if (!response.ok) throw await refusalError(response, name);
  try {
    return { source: bytesSource(await readWhole(response, name, options), name), owned: true };
  } catch (cause) {
    if (options.signal?.aborted || isPytree2SafetensorsError(cause)) throw cause;
    throw httpError(name, response.status, messageOf(cause), cause);
  }
}

/** The place that a URL names, fit for messages: without credentials, and without a query, which may be a signature. */
export function displayUrl(url: string): string {
  if (!/^https?:/i.test(url)) return printable(url.replace(/^(\w*:).*/s, "$1 URL")) || "response";
  const { origin, pathname, search } = new URL(url);
  return printable(origin + pathname + (search && "?…"));
}

/** The error of an answer that can't be used. */
export function httpError(
  name: string,
  status: number,
  problem: string,
  cause?: unknown,
): Pytree2SafetensorsError {
  return placeError("HttpError", name, problem, { status, cause });
}

/** Gives `use` the chunks of a body as they come; it throws to stop them. */
export async function readChunks(
  response: Response,
  use: (chunk: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) return;
      use(value);
    }
  } catch (error) {
    // Not awaited: a server that hangs would hang us.
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** Reads a body whole; `Content-Length` is its length unless the body is compressed. */
export async function readWhole(
  response: Response,
  name: string,
  options: OpenSourceOptions,
  onChunk?: () => void,
): Promise<Uint8Array> {
  const declared = response.headers.get("content-length");
  const total = declared === null || isEncoded(response) ? undefined : Number(declared);
  const body = new Body(name, total, options.bound, response.status);
  await readChunks(
    response,
    (chunk) => {
      onChunk?.();
      body.push(chunk);
      options.onDownload?.({ loaded: body.received, total });
    },
    options.signal,
  );
  return body.finish();
}

/** Whether a body is compressed. */
export function isEncoded(response: Response): boolean {
  return !/^(identity)?$/i.test(response.headers.get("content-encoding") ?? "");
}
