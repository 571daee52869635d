/** The options of opening sources and sinks. */
import type { HubOptions } from "./stores/hub/options.ts";

/** How an `http:` or `https:` URL is read. */
export interface HttpOptions {
  /** What to call in place of the global `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Headers to send along, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>> | Headers | undefined;
  /** How often a request that failed for a passing reason is tried again; 5 by default. */
  readonly retries?: number | undefined;
  /** After how many milliseconds without a byte a request is given up; 30,000 by default, 2^31 - 1 at most. */
  readonly timeout?: number | undefined;
}

/** How far a download is. */
export interface DownloadProgress {
  /** Bytes that have arrived; of a compressed body, what they decode to. */
  readonly loaded: number;
  /** The size of the body, if the server tells it; `undefined` for a compressed body. */
  readonly total: number | undefined;
}

/** How a source is opened; the options of requests are for URLs. */
export interface SourceOptions extends HttpOptions {
  /** Aborts the opening; each read takes a signal of its own. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with each chunk of a body that is downloaded whole while the source is opened: a `Response`, or a URL whose
   * server doesn't support range requests.
   */
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
  /** Which hub `hf://` addresses are on, and the token for it. */
  readonly hub?: HubOptions | undefined;
}

/**
 * How far a body may be read that is read whole, given what has arrived of it. It is called with nothing, then again each
 * time as many bytes as it said have come, until it gives no larger number: a body with more bytes than that is an error.
 */
export type BodyBound = (prefix: Uint8Array) => number;

/** What the callers inside this package can say besides. */
export interface OpenSourceOptions extends SourceOptions {
  /** The bound of bodies that are read whole; 1 GiB by default where the server doesn't tell the size. */
  readonly bound?: BodyBound | undefined;
  /** What messages call the source, where its URL says less. */
  readonly name?: string | undefined;
}

/** How a sink writes. */
export interface SinkOptions {
  /** Aborts the writing; a path's old file then stays as it was. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to wait until a file is on the disk itself, so that it outlives a crash of the machine; true by default. */
  readonly flush?: boolean | undefined;
}
