/** Requests for ranges of one URL. */
import type { HttpOptions } from "../options.ts";
import { getPlatform } from "../platform.ts";
import { exchange } from "./exchange.ts";

/**
 * Sends one request for the bytes `[start, end)` of a URL.
 *
 * @param condition The strong tag of the version that is wanted, if there is one.
 * @param use Reads the answer. It calls `onChunk` for each chunk.
 */
export type RequestRange = <T>(
  start: number,
  end: number,
  condition: string | null,
  signal: AbortSignal | undefined,
  use: (response: Response, onChunk: () => void) => Promise<T>,
) => Promise<T>;

/** What sends requests for ranges of `url`. */
export function rangesOf(url: URL, name: string, options: HttpOptions): RequestRange {
  const { fetch: send = (place, init) => fetch(place, init), timeout } = options;
  const { username, password } = url;
  const plain = new URL(url);
  plain.username = plain.password = plain.hash = "";
  const always = new Headers(options.headers as HeadersInit | undefined);
  // `fetch` refuses credentials in the URL.
  if (username && !always.has("authorization")) {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    always.set("authorization", `Basic ${btoa(credentials)}`);
  }
  return (start, end, condition, signal, use) => {
    const headers = new Headers(always);
    headers.set("range", `bytes=${start}-${end - 1}`);
    // Browsers choose the encoding themselves, and ask the server for leave before they send a condition.
    if (getPlatform() !== undefined) {
      headers.set("accept-encoding", "identity");
      if (condition !== null) headers.set("if-range", condition);
    }
    return exchange({ name, signal, timeout }, async (abort, onProgress) => {
      const response = await send(plain.href, { headers, signal: abort });
      onProgress();
      return use(response, onProgress);
    });
  };
}
