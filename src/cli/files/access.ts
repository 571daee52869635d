/** Reaching places on the network: what the library is told, and the stores that places lie in. */
import { basename } from "node:path";
import { cachedStore, openStore, type SourceOptions, type Store } from "../../index.node.ts";
import type { Access } from "../args/access.ts";
import { UsageError } from "../args/exit.ts";
import { quote } from "../terminal/text.ts";
import { folderOf, isAddress, isFolderAddress, isUrl } from "./place.ts";

/** The options of the library for a place. */
export function sourceOptions(place: string, { headers, token }: Access): SourceOptions {
  return {
    // Headers are for the server that was named, not for the hub and not for S3.
    ...(isUrl(place) && Object.keys(headers).length > 0 && { headers }),
    ...(token !== undefined && { hub: { token } }),
  };
}

/** Makes `s3:` addresses known, with what the environment says, when one comes up. */
export async function prepare(place: string): Promise<void> {
  if (!/^s3:/i.test(place)) return;
  const { registerS3 } = await import("../../s3.node.ts");
  registerS3();
}

/** The store that a place lies in, or that it is; through the cache where there is one. */
export async function storeOf(place: string, access: Access, signal: AbortSignal): Promise<Store> {
  await prepare(place);
  const folder = isFolderAddress(place) ? place : folderOf(place);
  const options = { ...sourceOptions(place, access), signal };
  if (access.cache === undefined) return openStore(folder, options);
  return cachedStore(folder, access.cache, options);
}

/** The key of a file in the store of its folder. */
export function keyIn(place: string): string {
  if (!isAddress(place)) return basename(place);
  const folder = folderOf(place);
  const path = isUrl(place) ? place.replace(/[?#].*$/s, "") : place;
  const name = path.slice(path.lastIndexOf("/") + 1);
  try {
    return isUrl(place) ? decodeURIComponent(name) : name;
  } catch {
    throw new UsageError(
      `${quote(folder)}: the name of the file in it has a percent sign that means nothing`,
    );
  }
}
