/** Requests for ranges of one URL. */
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../../base/errors.ts";
import { abortable, onAbort } from "../abort.ts";
import { fetchReasons } from "../faults.ts";
import type { HttpOptions } from "../options.ts";
import { getPlatform } from "../platform.ts";
import { Transient } from "./retry.ts";

// Timers of more than 2^31 - 1 milliseconds, 25 days, go off at once.
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Sends requests for ranges of one URL, and gives up those that stall. */
export class HttpClient {
  readonly #url: string;
  readonly #name: string;
  readonly #fetch: NonNullable<HttpOptions["fetch"]>;
  readonly #headers: Headers;
  readonly #timeout: number;

  constructor(url: URL, name: string, options: HttpOptions) {
    const { username, password } = url;
    const plain = new URL(url);
    plain.username = plain.password = plain.hash = "";
    this.#url = plain.href;
    this.#name = name;
    this.#fetch = options.fetch ?? ((place, init) => fetch(place, init));
    this.#headers = new Headers(options.headers as HeadersInit | undefined);
    // `fetch` refuses credentials in the URL.
    if (username && !this.#headers.has("authorization")) {
      const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      this.#headers.set("authorization", `Basic ${btoa(credentials)}`);
    }
    this.#timeout = Math.min(options.timeout ?? 30_000, MAX_TIMEOUT_MS);
  }

  async request<T>(
    start: number,
    end: number,
    condition: string | null,
    signal: AbortSignal | undefined,
    use: (response: Response, onChunk: () => void) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const headers = new Headers(this.#headers);
    headers.set("range", `bytes=${start}-${end - 1}`);
    // Browsers choose the encoding themselves, and ask the server for leave before they send a condition.
    if (getPlatform() !== undefined) {
      headers.set("accept-encoding", "identity");
      if (condition !== null) headers.set("if-range", condition);
    }

    const controller = new AbortController();
    const forget = onAbort(signal, () => controller.abort(signal?.reason));
    let progress = performance.now();
    const watch = () => {
      const left = progress + this.#timeout - performance.now();
      if (left > 0) timer = setTimeout(watch, left);
      else controller.abort(new Transient(this.#stalled()));
    };
    let timer = setTimeout(watch, this.#timeout);

    const exchange = async () => {
      let response: Response;
      try {
        response = await this.#fetch(this.#url, { headers, signal: controller.signal });
      } catch (cause) {
        // What signs requests knows better what its errors mean.
        throw isPytree2SafetensorsError(cause) || cause instanceof Transient ? cause : this.#broken(cause);
      }
      progress = performance.now();
      try {
        return await use(response, () => {
          // What was given up is not to write on into memory that its successor fills.
          controller.signal.throwIfAborted();
          progress = performance.now();
        });
      } catch (error) {
        throw isPytree2SafetensorsError(error) || error instanceof Transient ? error : this.#broken(error);
      }
    };
    try {
      return await abortable(exchange(), controller.signal);
    } finally {
      clearTimeout(timer);
      forget();
      // Lets go of a connection whose body nobody reads; after a whole one it does nothing.
      controller.abort();
    }
  }

  #stalled(): Error {
    const message = `${this.#name}: no byte arrived for ${this.#timeout} ms; raise \`timeout\` to wait longer`;
    return new Pytree2SafetensorsError("Timeout", message, { source: this.#name });
  }

  // A connection that broke comes back; a loop of redirects stays one.
  #broken(cause: unknown): unknown {
    const reasons = fetchReasons(cause);
    const message = `${this.#name}: ${reasons}`;
    const error = new Pytree2SafetensorsError("HttpError", message, { source: this.#name, cause });
    return /redirect/i.test(reasons) ? error : new Transient(error);
  }
}
