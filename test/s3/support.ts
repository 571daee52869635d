// What the suites of S3 do again and again.

import type { Store } from "pytree2safetensors";
import { type S3StoreOptions, s3Store } from "pytree2safetensors/s3";
import { concat } from "../runtimes/support.ts";
import type { S3Server } from "./servers.ts";

/** A store below a prefix of the server's bucket. */
export function storeOf(server: S3Server, prefix: string, options: Partial<S3StoreOptions> = {}): Store {
  const { bucket, url: endpoint, credentials } = server;
  return s3Store({ bucket, endpoint, credentials, prefix, ...options });
}

/** Writes an object in chunks that no part begins with. */
export async function write(
  store: Store,
  key: string,
  bytes: Uint8Array,
  { announce = true, signal }: { readonly announce?: boolean; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const sink = await store.sink(key, { signal });
  try {
    if (announce) await sink.begin?.(bytes.byteLength);
    for (let at = 0; at < bytes.byteLength; at += 3_000_001)
      await sink.write(bytes.subarray(at, at + 3_000_001));
    await sink.close();
  } catch (error) {
    await sink.abort?.(error);
    throw error;
  }
}

/** Reads an object in several ranges at a time. */
export async function readAll(store: Store, key: string, rangeBytes = 5_000_003): Promise<Uint8Array> {
  const source = await store.source(key);
  const reading: Promise<Uint8Array>[] = [];
  for (let at = 0; at < source.size; at += rangeBytes) {
    reading.push(Promise.resolve(source.read(at, Math.min(source.size, at + rangeBytes))));
  }
  const bytes = concat(await Promise.all(reading));
  await source.close?.();
  return bytes;
}

export async function keysOf(store: Store, prefix?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}

/** The keys of all multipart uploads that are under way in the server's bucket. */
export async function uploadsOf({ bucket, url: endpoint, credentials }: S3Server): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of s3Store({ bucket, endpoint, credentials }).pending!()) keys.push(key);
  return keys;
}
