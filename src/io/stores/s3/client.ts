/** Signed requests to one bucket: what a request costs in retries, time and answers is decided here. */
import { messageOf, printable } from "../../../base/quote.ts";
import type { UnsharedBytes } from "../../../base/types.ts";
import { hex, sha256 } from "../../digest.ts";
import { placeError } from "../../faults.ts";
import type { HttpOptions } from "../../options.ts";
import { getPlatform } from "../../platform.ts";
import { DEFAULT_TIMEOUT_MS, exchange } from "../../sources/exchange.ts";
import { readWhole } from "../../sources/response.ts";
import { Transient, withRetries } from "../../sources/retry.ts";
import { bucketUrl, objectUrl, type S3Address } from "./address.ts";
import { CredentialsCache, type S3Credentials, type S3CredentialsInput } from "./credentials.ts";
import { failureOf } from "./errors.ts";

/** Where a bucket is, and how to access it. */
export interface S3Options extends S3Address, Pick<HttpOptions, "fetch" | "retries" | "timeout"> {
  /** Credentials, or a function that returns them, such as a provider of the AWS SDK. Without them, requests are anonymous. */
  readonly credentials?: S3CredentialsInput | undefined;
  /**
   * Whether to send `x-amz-checksum-sha256`, which the server stores with the object; true by default. Turn it off for
   * servers that refuse it. The hash in the signature still protects the bytes.
   */
  readonly checksums?: boolean | undefined;
}

/** The same, with credentials that several clients may share. */
export interface S3ClientOptions extends Omit<S3Options, "credentials"> {
  readonly credentials?: S3CredentialsInput | CredentialsCache | undefined;
}

/** What a signer is given. */
export interface UnsignedRequest {
  readonly method: string;
  readonly url: string;
  /** The headers to sign. */
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: S3Credentials;
  readonly region: string;
}

/** Adds a signature: resolves with the headers to send. */
export type Sign = (request: UnsignedRequest) => Promise<Headers>;

/** A request other than a read of a range. */
export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: UnsharedBytes;
  readonly signal?: AbortSignal | undefined;
  /** Called when an attempt failed in a way that leaves open whether the server acted on it. */
  readonly onLost?: () => void;
  /** Throws for an answer that is an error in spite of its status. */
  readonly check?: (text: string) => void;
}

/** An answer to a request that succeeded. */
export interface S3Answer {
  readonly headers: Headers;
  readonly text: string;
  /** The checksum that was sent with a `PUT`. */
  readonly checksum: string | undefined;
}

const BODY_SHA256 = "x-amz-content-sha256";
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
// An upload shows no progress, so it gets the time of one more silence for each of these bytes.
const BYTES_PER_TIMEOUT = 2 ** 20;
// A page of a list, with a thousand keys of a thousand bytes each, all of them escaped.
const MAX_ANSWER_BYTES = 16 * 2 ** 20;

export class S3Client {
  readonly name: string;
  readonly checksums: boolean;
  readonly #bucket: URL;
  readonly #credentials: CredentialsCache;
  readonly #fetch: NonNullable<HttpOptions["fetch"]>;
  readonly #options: S3ClientOptions;
  readonly #sign: Sign;
  readonly #streams: boolean;

  constructor(options: S3ClientOptions, sign: Sign) {
    this.name = `s3://${options.bucket}`;
    this.checksums = options.checksums ?? true;
    this.#bucket = bucketUrl(options);
    const { credentials } = options;
    this.#credentials =
      credentials instanceof CredentialsCache ? credentials : new CredentialsCache(credentials);
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#options = options;
    this.#sign = sign;
    this.#streams = options.fetch === undefined && (getPlatform()?.streamsBodies ?? false);
  }

  /** The address of a key, fit for messages. */
  nameOf(key: string): string {
    return printable(`${this.name}/${key}`);
  }

  url(key: string, query?: Readonly<Record<string, string>>): string {
    return objectUrl(this.#bucket, key, query);
  }

  /** One signed exchange, tried once more where the credentials had expired. Fails with S3's own error. */
  async fetch(url: string, init: RequestInit, name: string): Promise<Response> {
    for (let isSecond = false; ; isSecond = true) {
      const credentials = await this.#getCredentials();
      const headers = await this.#headers(url, init, credentials);
      // A signature is for one host, so a redirect is never followed. A browser's cache mixes ranges of objects that were
      // replaced: Chromium answers a range of the new one with what it has of the old one's length.
      const request: RequestInit = { ...init, headers, redirect: "manual", cache: "no-store" };
      const response = await this.#fetch(url, this.#streams ? streamed(request, headers) : request);
      if (response.ok || response.status === 412 || response.status === 416) return response;
      const text = await bodyText(response, name);
      const { error, isExpired } = failureOf(response.status, response.headers, text, name);
      if (isSecond || !isExpired || !(await this.#credentials.refuse(credentials))) throw error;
    }
  }

  /** Sends a request until it succeeds or fails for good. */
  async send(request: S3Request): Promise<S3Answer> {
    const { method, key, query, body, signal, onLost, check } = request;
    const name = this.nameOf(key);
    const url = this.url(key, query);
    const headers = { ...request.headers };
    let checksum: string | undefined;
    if (body !== undefined) {
      const digest = await sha256(body);
      headers[BODY_SHA256] = hex(digest);
      if (this.checksums && method === "PUT")
        headers["x-amz-checksum-sha256"] = checksum = btoa(String.fromCharCode(...digest));
    }
    const { retries, timeout = DEFAULT_TIMEOUT_MS } = this.#options;
    const patience = {
      name,
      signal,
      timeout: Math.round(timeout * (1 + (body?.byteLength ?? 0) / BYTES_PER_TIMEOUT)),
      silence: "no answer within",
    };
    const attempt = async (abort: AbortSignal) => {
      const init = { method, headers, signal: abort, ...(body && { body }) };
      const response = await this.fetch(url, init, name);
      const text = await bodyText(response, name);
      if (!response.ok) throw failureOf(response.status, response.headers, text, name).error;
      check?.(text);
      return { headers: response.headers, text, checksum };
    };
    return withRetries({ retries, signal }, () =>
      exchange(patience, attempt).catch((error: unknown) => {
        if (error instanceof Transient) onLost?.();
        throw error;
      }),
    );
  }

  async #getCredentials(): Promise<S3Credentials | undefined> {
    try {
      return await this.#credentials.get();
    } catch (cause) {
      throw placeError("HttpError", this.name, `no credentials: ${messageOf(cause)}`, { cause });
    }
  }

  async #headers(url: string, init: RequestInit, credentials: S3Credentials | undefined): Promise<Headers> {
    const plain = new Headers(init.headers);
    if (credentials === undefined) {
      plain.delete(BODY_SHA256);
      return plain;
    }
    // Only these are signed: proxies and some servers change others on the way, `Accept-Encoding` above all.
    const headers: Record<string, string> = { [BODY_SHA256]: EMPTY_SHA256 };
    plain.forEach((value, key) => {
      if (key.startsWith("x-amz-")) headers[key] = value;
    });
    const { method = "GET" } = init;
    const { region = "us-east-1" } = this.#options;
    const signed = await this.#sign({ method, url, headers, credentials, region });
    signed.forEach((value, key) => {
      plain.set(key, value);
    });
    return plain;
  }
}

/** The same request with its bytes in a stream: of bytes, `fetch` makes a copy that only a full collection of garbage frees. */
function streamed(request: RequestInit, headers: Headers): RequestInit {
  const { body } = request;
  if (!(body instanceof Uint8Array)) return request;
  headers.set("content-length", String(body.byteLength));
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(body);
      controller.close();
    },
  });
  return { ...request, body: stream, duplex: "half" } as RequestInit;
}

async function bodyText(response: Response, name: string): Promise<string> {
  // The answer to `HEAD` has the length of a body, but none.
  if (response.body === null) return "";
  return new TextDecoder().decode(await readWhole(response, name, { bound: () => MAX_ANSWER_BYTES }));
}
