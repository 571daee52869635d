/** A bucket, or what begins with a prefix in it, as a store. */
import { placeError } from "../../faults.ts";
import type { OpenSourceOptions } from "../../options.ts";
import { httpLimiter, httpSource } from "../../sources/http.ts";
import type { ByteSource, Store } from "../../types.ts";
import { S3Client, type S3ClientOptions, type S3Options, type Sign } from "./client.ts";
import { listObjects, listUploads, type OpenUpload } from "./list.ts";
import { S3Sink, type S3SinkOptions } from "./sink.ts";
import { abortUpload } from "./upload.ts";

/** Where a store in a bucket is, and how to read and write it. */
export interface S3StoreOptions extends S3Options, Pick<S3SinkOptions, "isNew" | "partBytes"> {
  /** The prefix of all keys, such as `runs/7`. A slash is added if it doesn't end with one. */
  readonly prefix?: string | undefined;
}

/** @param reading How sources are opened, where an address is opened with options of its own. */
export function makeS3Store(
  options: Omit<S3StoreOptions, "credentials"> & Pick<S3ClientOptions, "credentials">,
  sign: Sign,
  reading: Pick<OpenSourceOptions, "onDownload" | "bound"> = {},
): Store {
  const client = new S3Client(options, sign);
  const prefix = options.prefix ? options.prefix.replace(/\/?$/, "/") : "";
  // What bounds the requests of all sources together.
  const limiter = httpLimiter();
  const { retries, timeout } = options;
  return {
    name: client.nameOf(prefix).replace(/\/$/, ""),
    source(key, { signal } = {}): Promise<ByteSource> {
      const name = client.nameOf(prefix + key);
      const url = new URL(client.url(prefix + key));
      const fetch = reader(client, name);
      return httpSource(url, { ...reading, retries, timeout, signal, fetch, name }, limiter);
    },
    sink: (key, { signal } = {}) => new S3Sink(client, prefix + key, { ...options, signal }),
    list: (more = "", listOptions) => listObjects(client, prefix, more, listOptions),
    async *pending(more = "") {
      for await (const { entry } of listUploads(client, prefix, more)) yield entry;
    },
    async remove(key) {
      await client.send({ method: "DELETE", key: prefix + key });
    },
    async sweep(more, isOwn) {
      // Listed to the end first: pages of a list that shrinks meanwhile would leave some out.
      const dead: OpenUpload[] = [];
      for await (const upload of listUploads(client, prefix, more))
        if (isOwn(upload.entry.key)) dead.push(upload);
      for (const { entry, uploadId } of dead) await abortUpload(client, prefix + entry.key, uploadId);
    },
  };
}

/** Reads of one object: all of the version that the first answer showed. */
function reader(client: S3Client, name: string): (url: string, init: RequestInit) => Promise<Response> {
  let etag: string | null = null;
  return async (url, init) => {
    const headers = new Headers(init.headers);
    headers.delete("if-range");
    if (etag !== null) headers.set("if-match", etag);
    const response = await client.fetch(url, { ...init, headers }, name);
    if (response.status === 412) {
      const details = { status: 412, ...(etag !== null && { expected: `etag ${etag}` }) };
      const problem = "the object was replaced while it was read; open it again";
      throw placeError("SourceChanged", name, problem, details);
    }
    // A weak tag never matches.
    const found = response.headers.get("etag");
    if (found?.startsWith('"')) etag ??= found;
    return response;
  };
}
