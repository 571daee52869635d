// A bucket, or what begins with a prefix in it, as a store.
import { Pytree2SafetensorsError } from "../../../base/errors.ts";
import { quote } from "../../../base/quote.ts";
import { httpLimiter, httpSource } from "../../sources/http.ts";
import type { ByteSource } from "../../types.ts";
import type { Store } from "../store.ts";
import { S3Client, type S3Options, type Sign } from "./client.ts";
import { S3Sink, type S3SinkOptions } from "./sink.ts";
import { childText, parseXml, type XmlElement } from "./xml.ts";

/** Where a store in a bucket is, and how it is read and written. */
export interface S3StoreOptions extends S3Options, Pick<S3SinkOptions, "isNew" | "partBytes"> {
  /** What all keys begin with: `runs/7/`, say. A slash is added where it doesn't end with one. */
  readonly prefix?: string | undefined;
}

export function makeS3Store(options: S3StoreOptions, sign: Sign): Store {
  const client = new S3Client(options, sign);
  const prefix = options.prefix ? options.prefix.replace(/\/*$/, "/") : "";
  // What bounds the requests of all sources together.
  const limiter = httpLimiter();
  return {
    name: client.nameOf(prefix),
    source(key, { signal } = {}): Promise<ByteSource> {
      const full = prefix + key;
      const name = client.nameOf(full);
      const { retries, timeout } = options;
      const fetchPart = reader(client, name);
      return httpSource(
        new URL(client.url(full)),
        { retries, timeout, signal, fetch: fetchPart, name },
        limiter,
      );
    },
    sink: (key, sinkOptions) => new S3Sink(client, prefix + key, { ...options, ...sinkOptions }),
    list: (more = "") => listObjects(client, prefix, more),
    async remove(key) {
      await client.send({ method: "DELETE", key: prefix + key });
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
      throw new Pytree2SafetensorsError(
        "SourceChanged",
        `${name}: the object was replaced while it was read; open it again`,
        { source: name, status: 412, ...(etag !== null && { expected: `etag ${etag}` }) },
      );
    }
    // A weak tag never matches.
    const found = response.headers.get("etag");
    if (found?.startsWith('"')) etag ??= found;
    return response;
  };
}

async function* listObjects(client: S3Client, base: string, prefix: string): ReturnType<Store["list"]> {
  let next: string | undefined;
  do {
    const { text } = await client.send({
      method: "GET",
      key: "",
      query: {
        "list-type": "2",
        // Keys can hold what XML can't.
        "encoding-type": "url",
        prefix: base + prefix,
        ...(next !== undefined && { "continuation-token": next }),
      },
    });
    const page = parseXml(text);
    const isEncoded = childText(page, "EncodingType") === "url";
    for (const object of page.children.filter(({ name }) => name === "Contents")) {
      yield entryOf(object, isEncoded, base, client.name);
    }
    const token = childText(page, "NextContinuationToken");
    if (childText(page, "IsTruncated") === "true" && (!token || token === next)) {
      throw broken(client.name, "a list that is truncated, without a token to go on with");
    }
    next = childText(page, "IsTruncated") === "true" ? token : undefined;
  } while (next !== undefined);
}

function entryOf(
  object: XmlElement,
  isEncoded: boolean,
  base: string,
  name: string,
): { key: string; size: number; modified?: number } {
  const written = childText(object, "Key") ?? "";
  const full = isEncoded ? decodeURIComponent(written.replaceAll("+", "%20")) : written;
  const size = childText(object, "Size") ?? "";
  const modified = Date.parse(childText(object, "LastModified") ?? "");
  if (!full.startsWith(base) || !/^\d+$/.test(size)) {
    throw broken(name, `an entry of key ${quote(full)} and size ${quote(size)}`);
  }
  return { key: full.slice(base.length), size: Number(size), ...(!Number.isNaN(modified) && { modified }) };
}

function broken(name: string, what: string): Error {
  return new Pytree2SafetensorsError("HttpError", `${name}: the server sent ${what}`, { source: name });
}
