/** What the runner tells the page, as JSON in its query. */
export interface PageConfig {
  /** The Node server of `test/runtimes/server.ts`, another origin. */
  readonly node: string;
  /** The same over HTTP/2, where the browser can upload streams; they can over no other. */
  readonly http2?: string;
  /** The other origin of nginx. */
  readonly other: string;
  /** Where the page asks for what only the runner can do, and reports to. */
  readonly control: string;
  /** Whether the runner drives the browser: chooses files, takes downloads. */
  readonly driven: boolean;
}
