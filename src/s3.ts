/**
 * S3, and what speaks S3: R2, Google Cloud Storage, MinIO, Ceph. Needs `aws4fetch`.
 *
 * @module
 */
import { AwsV4Signer } from "aws4fetch";
import { registerScheme } from "./io/schemes.ts";
import { parseS3Address } from "./io/stores/s3/address.ts";
import type { Sign } from "./io/stores/s3/client.ts";
import { CredentialsCache } from "./io/stores/s3/credentials.ts";
import { withDefaults } from "./io/stores/s3/defaults.ts";
import { makeS3Store, type S3StoreOptions } from "./io/stores/s3/store.ts";
import type { Store } from "./io/types.ts";

export type { S3Address } from "./io/stores/s3/address.ts";
export type { S3Options } from "./io/stores/s3/client.ts";
export type { S3Credentials, S3CredentialsInput } from "./io/stores/s3/credentials.ts";
export type { S3StoreOptions } from "./io/stores/s3/store.ts";

/**
 * Opens a bucket as a store, or the part of it below a prefix. In Node, Deno and Bun, options that you leave out come from
 * the environment variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (or
 * `AWS_DEFAULT_REGION`) and `AWS_ENDPOINT_URL_S3` (or `AWS_ENDPOINT_URL`). Without credentials, requests are anonymous.
 *
 * @example
 * ```ts
 * import { fromIni } from "@aws-sdk/credential-providers";
 *
 * const store = s3Store({ bucket: "weights", prefix: "runs/7", region: "eu-central-1", credentials: fromIni() });
 * const params = await loadPytree(store);
 * ```
 */
export function s3Store(options: S3StoreOptions): Store {
  return makeS3Store(withDefaults(options), makeSigner());
}

/** Options of {@link registerS3}: those of {@link s3Store}, without what an address contains. */
export type S3SchemeOptions = Omit<S3StoreOptions, "bucket" | "prefix">;

/**
 * Registers `s3://bucket/key` addresses. They then work wherever a path or a URL does, for reading and for writing. An
 * address that ends in "/" is a folder. Options that you leave out come from the environment, as for {@link s3Store}.
 *
 * @example
 * ```ts
 * import { fromIni } from "@aws-sdk/credential-providers";
 *
 * registerS3({ region: "eu-central-1", credentials: fromIni() });
 * await savePytree({ w: new Float32Array(8) }, "s3://weights/runs/7/model.safetensors");
 * ```
 */
export function registerS3(options: S3SchemeOptions = {}): void {
  const sign = makeSigner();
  // One answer to a request for credentials serves all addresses.
  const credentials = options.credentials && new CredentialsCache(options.credentials);
  registerScheme("s3", (address, { fetch, retries, timeout, onDownload, bound }) => {
    const { bucket, folder, name } = parseS3Address(address);
    const requests = {
      fetch: fetch ?? options.fetch,
      retries: retries ?? options.retries,
      timeout: timeout ?? options.timeout,
    };
    const all = withDefaults({ ...options, ...requests, credentials, bucket, prefix: folder });
    return { store: makeS3Store(all, sign, { onDownload, bound }), key: name };
  });
}

/** Signs by Signature Version 4; keys derived from a secret are kept for the day. */
function makeSigner(): Sign {
  const cache = new Map<string, ArrayBuffer>();
  return async ({ method, url, headers, credentials, region }) => {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    // A day's keys of temporary credentials are of no use to the next.
    if (cache.size > 16) cache.clear();
    const signer = new AwsV4Signer({
      method,
      url,
      headers,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken && { sessionToken }),
      service: "s3",
      region,
      cache,
    });
    return (await signer.sign()).headers;
  };
}
