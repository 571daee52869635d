/** Where an object is: the URL of a key, in path style or virtual host style. */
import { invalidArgument } from "../../../base/arguments.ts";
import { Pytree2SafetensorsError } from "../../../base/errors.ts";
import { quote } from "../../../base/quote.ts";

/** Where a bucket is. */
export interface S3Address {
  readonly bucket: string;
  /** The URL of the server, such as `https://<account>.r2.cloudflarestorage.com`; AWS by default. */
  readonly endpoint?: string | URL | undefined;
  /** The region of the bucket; `us-east-1` by default. Cloudflare R2 takes `auto`. */
  readonly region?: string | undefined;
  /**
   * Where the bucket's name goes in URLs: `"path"` as in `https://server/bucket/key`, or `"host"` as in
   * `https://bucket.server/key`. By default `"host"` for AWS, and `"path"` for every other endpoint.
   */
  readonly addressing?: "path" | "host" | undefined;
}

/** The bucket's base URL, which keys are appended to. */
export function bucketUrl({ bucket, endpoint, region, addressing }: S3Address): URL {
  checkBucket(bucket);
  const base = new URL(endpoint ?? `https://s3.${region ?? "us-east-1"}.amazonaws.com`);
  if (!/^https?:$/.test(base.protocol))
    throw invalidArgument("the endpoint", "an http or https URL", endpoint, quote(base.protocol));
  base.search = base.hash = base.username = base.password = "";
  // A name with dots doesn't match the server's certificate.
  const style = addressing ?? (endpoint === undefined && !bucket.includes(".") ? "host" : "path");
  const path = base.pathname.replace(/\/+$/, "");
  if (style === "host") base.host = `${bucket}.${base.host}`;
  base.pathname = style === "host" ? `${path}/` : `${path}/${bucket}/`;
  return base;
}

/** The URL of an object, or of the bucket itself for an empty key. */
export function objectUrl(bucket: URL, key: string, query: Readonly<Record<string, string>> = {}): string {
  checkKey(key);
  const search = Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join("&");
  // A bucket in path style has no slash at its end where it is addressed itself.
  const base = key === "" ? bucket.href.replace(/(?<=[^/]\/[^/]+)\/$/, "") : bucket.href;
  return base + key.split("/").map(encode).join("/") + (search && `?${search}`);
}

/** Percent-encodes everything but RFC 3986's unreserved characters, as signatures need it. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function checkBucket(bucket: string): void {
  // Underscores and capitals are old buckets' and other servers'.
  if (/^[A-Za-z0-9][\w.-]{0,254}$/.test(bucket) && !bucket.includes("..")) return;
  throw new Pytree2SafetensorsError("InvalidArgument", `${quote(bucket)} is not the name of a bucket`);
}

function checkKey(key: string): void {
  // Every URL parser takes such segments out of a path, so the object couldn't be reached.
  const isLost = /(^|\/)\.{1,2}(\/|$)/.test(key) || /\p{Surrogate}/u.test(key);
  if (!isLost && new TextEncoder().encode(key).byteLength <= 1024) return;
  const message = `${quote(key)} can't be a key: at most 1024 bytes, and no "." or ".." between slashes`;
  throw new Pytree2SafetensorsError("InvalidArgument", message);
}

/** The parts of `s3://bucket/folder/name`; without a name, the address is a folder. Nothing in it is percent-encoded. */
export function parseS3Address(address: string): {
  bucket: string;
  folder: string;
  name: string | undefined;
} {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(address) ?? [];
  checkBucket(bucket);
  const end = path.lastIndexOf("/") + 1;
  return { bucket, folder: path.slice(0, end), name: path.slice(end) || undefined };
}
