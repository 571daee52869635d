/** The options of opening sources and sinks. */
import type { HubOptions } from "./stores/hub/options.ts";

/** How an `http:` or `https:` URL is read. */
export interface HttpOptions {
  /** The function to use instead of the global `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Headers to send with each request, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>> | Headers | undefined;
  /** How often to retry a request after a temporary failure; 5 by default. */
  readonly retries?: number | undefined;
  /** How many milliseconds to wait for the next byte of a response; 30,000 by default, at most 2^31 - 1. */
  readonly timeout?: number | undefined;
}

/** The progress of a download. */
export interface DownloadProgress {
  /** The number of bytes received, after decompression. */
  readonly loaded: number;
  /** The size of the body, if the server sends it; `undefined` for a compressed body. */
  readonly total: number | undefined;
}

/** Options for opening a source. Those of requests apply to URLs. */
export interface SourceOptions extends HttpOptions {
  /** Aborts the opening. Each read takes its own signal. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with each chunk of a download that happens while the source is opened. That is the case for a `Response`, and
   * for a URL whose server doesn't support range requests.
   */
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
  /** The hub of `hf://` addresses, and the token for it. */
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

/** Options for writing to a sink. */
export interface SinkOptions {
  /** Aborts the writing. The old file at a path stays as it was. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to flush a file to the disk, so that it survives a crash of the machine; true by default. */
  readonly flush?: boolean | undefined;
}
