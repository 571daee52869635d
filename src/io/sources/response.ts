import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../../base/errors.ts";
import { abortable } from "../abort.ts";
import { allocate, messageOf, shortRead } from "../faults.ts";
import type { ByteSource } from "../types.ts";
import { bytesSource } from "./bytes.ts";

/** The place that an URL names, fit for messages: without credentials, and without a query that may sign it. */
export function displayUrl(url: string): string {
  if (!/^https?:/i.test(url)) return url.replace(/^(\w*:).*/s, "$1 URL") || "response";
  const { origin, pathname, search } = new URL(url);
  return origin + pathname + (search && "?…");
}

/** The body of a response that the caller has fetched, read whole. */
export async function responseSource(
  response: Response,
  signal: AbortSignal | undefined,
): Promise<ByteSource> {
  const name = displayUrl(response.url);
  if (response.bodyUsed) {
    const message = `${name}: the body of the response has been read already`;
    throw new Pytree2SafetensorsError("UnsupportedSource", message, { source: name });
  }
  if (!response.ok) throw httpError(name, response.status, `the server answered ${response.status}`);
  try {
    return bytesSource(await readWhole(response, name, undefined, signal), name);
  } catch (cause) {
    if (signal?.aborted || isPytree2SafetensorsError(cause)) throw cause;
    const message = `${name}: ${messageOf(cause)}`;
    throw new Pytree2SafetensorsError("HttpError", message, { source: name, status: response.status, cause });
  }
}

/** The error of an answer that can't be used. */
export function httpError(name: string, status: number, problem: string): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError("HttpError", `${name}: ${problem}`, { source: name, status });
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

/** Reads a body whole; `Content-Length` is its bound, where it counts these bytes and not compressed ones. */
export async function readWhole(
  response: Response,
  name: string,
  onChunk?: () => void,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const declared = response.headers.get("content-length");
  const length = declared === null || isEncoded(response) ? undefined : Number(declared);
  // Memory is the system's until it is touched, so a length that lies costs only addresses.
  const whole = length === undefined ? undefined : allocate(length, name);
  const chunks: Uint8Array[] = [];
  let received = 0;
  await readChunks(
    response,
    (chunk) => {
      onChunk?.();
      if (whole === undefined) chunks.push(chunk);
      else if (received + chunk.byteLength > whole.byteLength)
        throw tooLong(name, response.status, whole.byteLength);
      else whole.set(chunk, received);
      received += chunk.byteLength;
    },
    signal,
  );
  if (whole !== undefined) {
    if (received < whole.byteLength) throw shortRead(name, 0, whole.byteLength, received);
    return whole;
  }
  const joined = allocate(received, name);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.byteLength;
  }
  return joined;
}

/** The error of a body that has more bytes than it should. */
export function tooLong(name: string, status: number, expected: number): Pytree2SafetensorsError {
  return httpError(name, status, `the server sent more than the ${expected} bytes that it should`);
}

/** Whether a body comes compressed. */
export function isEncoded(response: Response): boolean {
  return !/^(identity)?$/i.test(response.headers.get("content-encoding") ?? "");
}
