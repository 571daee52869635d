import type { S3Config } from "./s3.ts";

/** What the runner tells the page, as JSON in its query. */
export interface PageConfig {
  /** The Node server of `test/runtimes/server.ts`, another origin. */
  readonly node: string;
  /** The same over HTTP/2, where the browser can upload streams; they can over no other. */
  readonly http2?: string;
  /** The S3 server, if it could be built in time. */
  readonly s3?: S3Config;
  /** The other origin of nginx. */
  readonly other: string;
  /** Where the page asks for what only the runner can do, and reports to. */
  readonly control: string;
  /** Whether the runner drives the browser: chooses files, takes downloads. */
  readonly driven: boolean;
}
