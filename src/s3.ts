/**
 * S3, and what speaks S3: R2, Google Cloud Storage, MinIO, Ceph. Needs `aws4fetch`.
 *
 * @module
 */
import { AwsV4Signer } from "aws4fetch";
import type { Sign } from "./io/stores/s3/client.ts";
import { withDefaults } from "./io/stores/s3/defaults.ts";
import { makeS3Store, type S3StoreOptions } from "./io/stores/s3/store.ts";
import type { Store } from "./io/stores/store.ts";

export type { S3Address } from "./io/stores/s3/address.ts";
export type { S3Options } from "./io/stores/s3/client.ts";
export type { S3Credentials, S3CredentialsInput } from "./io/stores/s3/credentials.ts";
export type { S3StoreOptions } from "./io/stores/s3/store.ts";

/**
 * A bucket as a store, or the part of it below a prefix. In Node, Deno and Bun, what is left out comes from the
 * variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (or `AWS_DEFAULT_REGION`)
 * and `AWS_ENDPOINT_URL_S3` (or `AWS_ENDPOINT_URL`). Without credentials, requests are anonymous.
 *
 * @example
 * ```ts
 * const store = s3Store({ bucket: "weights", prefix: "runs/7", region: "eu-central-1", credentials: fromIni() });
 * ```
 */
export function s3Store(options: S3StoreOptions): Store {
  return makeS3Store(withDefaults(options), makeSigner());
}

/** Signs by Signature Version 4; keys derived from a secret are kept for the day. */
export function makeSigner(): Sign {
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
